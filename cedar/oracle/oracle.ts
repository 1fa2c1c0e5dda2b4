import {
  type CheckParseAnswer,
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
} from "@cedar-policy/cedar-wasm/nodejs";
import type { EvaluationErrorKind } from "../error.ts";
import type { EntityUid, PolicyJson, PolicySource, TemplateLink } from "../policy-json.ts";
import { errorKind } from "./error-kind.ts";
import { exact } from "./exact.ts";

/** What Cedar's own implementation says, in the words of our `Answer`. */
export interface OracleAnswer {
  readonly decision: "allow" | "deny";
  readonly reasons: readonly string[];
  readonly permits: readonly string[];
  readonly forbids: readonly string[];
  readonly errors: readonly { readonly policy: string; readonly kind: EvaluationErrorKind }[];
}

export interface OracleRequest {
  readonly principal: EntityUid;
  readonly action: EntityUid;
  readonly resource: EntityUid;
  readonly context: Readonly<Record<string, unknown>>;
}

/** One policy set, ready to be asked. Only the one that was opened last can be. */
export interface Oracle {
  /** @throws OracleRefusal when the request or an entity is not as Cedar, or the schema, wants it */
  ask(request: OracleRequest, entities: readonly unknown[]): OracleAnswer;
}

/** The oracle does not take what it was given: then there is nothing to compare with. */
export class OracleRefusal extends Error {}

/** Policies by id, each in its JSON form or as text; the effects are those of the JSON form. */
export type Texts = Readonly<Record<string, string>>;

/** The module keeps every name that it ever saw, so there are these and no others. */
const WHOLE = "whole";
const PERMITS = "permits";
const SCHEMA = "schema";

let opened: Oracle | undefined;

/**
 * Gives cedar-wasm a policy set, in place of the one before.
 * @param texts for the policies and templates that it is to read as text instead
 * @throws OracleRefusal when it cannot parse them
 */
export function openOracle(source: PolicySource, schema?: unknown, texts: Texts = {}): Oracle {
  opened = undefined;
  if (schema !== undefined) accept(preparseSchema(SCHEMA, schema as never));
  prepare(WHOLE, source, texts);
  const named = schema === undefined ? {} : { preparsedSchemaName: SCHEMA };
  let permitsAreReady = false;
  const oracle: Oracle = {
    ask(request, entities) {
      if (opened !== oracle) throw new Error("another policy set was opened since");
      const call = { ...wire(request), ...named, entities: wireOnce(entities) };
      const whole = ask({ ...call, preparsedPolicySetId: WHOLE });
      if (whole.decision === "allow") return { ...whole, permits: whole.reasons, forbids: [] };
      if (whole.reasons.length === 0) return { ...whole, permits: [], forbids: [] };
      if (!permitsAreReady) prepare(PERMITS, permitsOf(source), texts);
      permitsAreReady = true;
      const { reasons: permits } = ask({ ...call, preparsedPolicySetId: PERMITS });
      return { ...whole, permits, forbids: whole.reasons };
    },
  };
  opened = oracle;
  return oracle;
}

function prepare(name: string, source: PolicySource, texts: Texts): void {
  const given = (policies: Readonly<Record<string, PolicyJson>>): unknown =>
    Object.fromEntries(
      Object.entries(policies).map(([id, policy]) => [
        id,
        Object.hasOwn(texts, id) ? texts[id] : exact(policy),
      ]),
    );
  const policies = {
    staticPolicies: given(source.policies),
    templates: given(source.templates ?? {}),
    templateLinks: source.links ?? [],
  };
  accept(preparsePolicySet(name, policies as Parameters<typeof preparsePolicySet>[1]));
}

/** Cedar names the satisfied permits of a Deny only to whoever asks without the forbids. */
function permitsOf(source: PolicySource): PolicySource {
  const permits = (policies: Readonly<Record<string, PolicyJson>>): Readonly<Record<string, PolicyJson>> =>
    Object.fromEntries(Object.entries(policies).filter(([, { effect }]) => effect === "permit"));
  const templates = permits(source.templates ?? {});
  const isKept = ({ templateId }: TemplateLink): boolean => Object.hasOwn(templates, templateId);
  return { policies: permits(source.policies), templates, links: (source.links ?? []).filter(isKept) };
}

function ask(call: object): Pick<OracleAnswer, "decision" | "reasons" | "errors"> {
  const answer = refusing(() => statefulIsAuthorized({ ...call, validateRequest: false } as never));
  if (answer.type === "failure") throw new OracleRefusal(answer.errors[0]?.message);
  const { decision, diagnostics } = answer.response;
  return {
    decision,
    reasons: diagnostics.reason.toSorted(),
    errors: diagnostics.errors
      .map(({ policyId, error }) => ({ policy: policyId, kind: errorKind(error.message) }))
      .sort((one, other) => (one.policy < other.policy ? -1 : 1)),
  };
}

function accept(answer: CheckParseAnswer): void {
  if (answer.type === "failure") throw new OracleRefusal(answer.errors[0]?.message);
}

/** What cannot even be carried to it (half of an astral character) makes it throw. */
function refusing<T>(ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    throw new OracleRefusal(String(error));
  }
}

const wire = (request: OracleRequest): object => exact(request) as object;

const wired = new WeakMap<readonly unknown[], unknown>();

/** The same entities are asked about many times. */
function wireOnce(entities: readonly unknown[]): unknown {
  const known = wired.get(entities) ?? exact(entities);
  wired.set(entities, known);
  return known;
}
