import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json, JsonError } from "@countersign/proof/jcs";
import { authorizeOwnAction, type OwnAction } from "../approvals/index.ts";
import { secretsHashed } from "../attestation/index.ts";
import { perform } from "../audit/index.ts";
import type { Endpoint } from "../http/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import { type Changing, changesBy } from "../manifest/index.ts";
import type { ServerDeps } from "./server-deps.ts";

type Row = Omit<Endpoint<ServerDeps>, "route">;
type Route = Endpoint<ServerDeps>["route"];

/** Adding somebody who can act: `register`, by the attempt's name in the log. */
export const REGISTERED: ReadonlySet<string> = new Set([
  "agent.register",
  "person.register",
  "service.register",
  "team.register",
]);

/** Every other change to the installation itself: `administer`, with the attempt's name as `verb`. */
export const ADMINISTERED: ReadonlySet<string> = new Set([
  "agent.update",
  "agent.suspend",
  "agent.resume",
  "agent.decommission",
  "agent.hand-over",
  "account.add",
  "account.update",
  "account.adopt",
  "account.retire",
  "instance.end",
  "keys.rotate",
  "federation.define",
  "join-token.issue",
  "signer.put",
  "signer.remove",
  "environment.rule",
  "artifacts.declare",
  "service.artifacts.declare",
  "cluster.put",
  "cluster.remove",
  "host.end",
  "entry.put",
  "entry.remove",
  "service.entry.put",
  "service.entry.remove",
  "person.update",
  "person.suspend",
  "person.resume",
  "person.depart",
  "person.hand-over",
  "service.update",
  "service.suspend",
  "service.resume",
  "machine-trust.put",
  "machine-trust.remove",
  "platform.put",
  "platform.remove",
  "platform.bind",
  "platform.unbind",
  "trust-domain.put",
  "trust-domain.remove",
  "workload.register",
  "workload.remove",
  "model.register",
  "model.retire",
  "model.declare-origin",
  "service.certificate.put",
  "service.certificate.remove",
  "group.define",
  "server.define",
  "tool.define",
  "runbook.approve",
  "revocation.order",
  "revocation.lift",
  "application.define",
  "policy.activate",
  "policy.rollback",
  "policy.store",
  "policy.shadow.start",
  "policy.shadow.stop",
  "policy.canary.start",
  "policy.canary.stop",
  "policy.observe.start",
  "policy.observe.stop",
  "manifest.apply",
  "link.issue",
  "role.grant",
  "role.withdraw",
  "identity-provider.define",
  "identity-provider.end",
  "subject.link",
  "subject.unlink",
  "partner.define",
  "partner.end",
  "partner.subject",
]);

/** Those whose content may hold secrets: nobody who approves or audits it is shown these. */
const SECRETIVE: ReadonlySet<string> = new Set(["platform.put", "machine-trust.put"]);

/**
 * The route with the decision before it, where what it does to the installation is for policy to decide. The
 * table has let the caller in, and what her roles and her place cover the verb checks in any case: a policy can
 * only narrow that.
 */
export function decided({ audit, path }: Row, route: Route): Route {
  const action = REGISTERED.has(audit) ? "register" : ADMINISTERED.has(audit) ? "administer" : undefined;
  if (action === undefined) return route;
  return {
    ...route,
    async handle(deps: ServerDeps, caller, input) {
      const { params, body, request } = input;
      const content = SECRETIVE.has(audit) ? secretsHashed(secretsKey(deps), body as object) : body;
      const place = path.includes(":") ? request.path : path;
      const whole = ownAction(action, { verb: audit, request: place, params, content });
      const parts = await partsOf(audit, deps, caller, body);
      await perform(deps, caller, audit, async (change) => {
        for (const one of [whole, ...parts]) await authorizeOwnAction(deps, change, caller, one);
      });
      return route.handle(deps, caller, input);
    },
  };
}

const secretsKey = ({ keys }: ServerDeps): Uint8Array => keys.derive("secrets in what is decided");

/** What is asked besides, because the request does what has a decision of its own: nothing goes around that. */
async function partsOf(verb: string, deps: ServerDeps, caller: Caller, body: unknown): Promise<OwnAction[]> {
  if (verb === "manifest.apply") return partsOfManifest(deps, caller, body as string);
  if (verb !== "revocation.order" && verb !== "revocation.lift") return [];
  const { kind, id } = body as { kind: string; id: string };
  const own = (verb === "revocation.order" ? ENDS_BY : LIFTS_BY)[kind];
  const asked = { request: `${verb} ${kind} ${id}`, params: { name: id }, content: body };
  return own === undefined ? [] : [ownAction("administer", { verb: own, ...asked })];
}

const ENDS_BY: Readonly<Record<string, string>> = {
  agent: "agent.suspend",
  person: "person.suspend",
  instance: "instance.end",
};
const LIFTS_BY: Readonly<Record<string, string>> = { agent: "agent.resume", person: "person.resume" };

/** What each kind that a manifest declares would be asked as by itself: nothing goes around its own decision. */
const VERBS: Record<Changing["step"]["kind"], string> = {
  Team: "team.register",
  Server: "server.define",
  Tool: "tool.define",
  Group: "group.define",
  Agent: "agent.update",
  Artifacts: "artifacts.declare",
  Entry: "entry.put",
  Platform: "platform.put",
  PlatformRule: "platform.bind",
  IdentityProvider: "identity-provider.define",
  Partner: "partner.define",
  Policy: "policy.activate",
};
/** What goes when a manifest does not say it any more. */
const ENDS: Partial<typeof VERBS> = { Entry: "entry.remove", PlatformRule: "platform.unbind" };

async function partsOfManifest(deps: ServerDeps, caller: Caller, attackerText: string): Promise<OwnAction[]> {
  const changes = await changesBy(deps, caller, attackerText);
  return changes.map(({ step: { kind, name, action }, as }) => {
    const isNew = kind === "Agent" && action === "create";
    const params = { ...("update" in as ? as.update : as), name };
    const ends = action === "remove" ? ENDS[kind] : undefined;
    const verb = isNew ? "agent.register" : (ends ?? VERBS[kind]);
    return ownAction(REGISTERED.has(verb) ? "register" : "administer", {
      verb,
      request: `manifest ${kind} ${name}`,
      params,
      content: as,
    });
  });
}

/** What a policy may read of somebody who is registered. */
const READ_OF_REGISTERED = ["name", "class", "environment", "owner", "team"];

/** Longer content is told by its hash: nobody reads it on a page, and it would be kept with the request. */
const LONGEST_SHOWN = 4_000;

interface Asked {
  readonly verb: string;
  /** The address, or the part of a manifest. */
  readonly request: string;
  readonly params: unknown;
  readonly content: unknown;
}

/**
 * What is decided, and what a yes would be for: which verb, on what, with exactly what. Policies read the verb,
 * or who is registered; all of it is part of what people are shown and sign.
 */
function ownAction(action: OwnAction["action"], { verb, request, params, content }: Asked): OwnAction {
  const named = { ...asRecord(content), ...asRecord(params) };
  const read = READ_OF_REGISTERED.flatMap((name) => {
    const value = Object.hasOwn(named, name) ? named[name] : undefined;
    return typeof value === "string" ? [[name, value] as const] : [];
  });
  const ofRegistered = action === "register" ? Object.fromEntries(read) : {};
  return { action, args: { ...ofRegistered, verb, request, ...shownContent(content) } };
}

function shownContent(content: unknown): Record<string, Json> {
  if (content === undefined) return {};
  const text = canonicalText(content);
  return text.length <= LONGEST_SHOWN
    ? { content: JSON.parse(text) as Json }
    : { content_sha256: sha256Base64url(text) };
}

/** Without members that are undefined, which no JSON has. @throws Fault `invalid` */
function canonicalText(content: unknown): string {
  try {
    return canonicalize(JSON.parse(JSON.stringify(content)) as Json);
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    throw new Fault("invalid", "The request holds what JSON cannot carry exactly.", { cause });
  }
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
