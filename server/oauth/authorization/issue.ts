import type { Grant } from "@countersign/proof/grant";
import { type Evaluated, evaluate } from "../../approvals/index.ts";
import type { Change } from "../../database/index.ts";
import { leafOf } from "../../delegation/index.ts";
import { type Caller, Fault, newId } from "../../lib/index.ts";
import type { Instance } from "../../registry/index.ts";
import type { BoundClient } from "../client.ts";
import { needsPerson } from "../decide-grants.ts";
import { mint, type TokenResponse } from "../mint.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { authorizationDetailsOf, type Form, lifetimeOf, resourceOf } from "../parameters.ts";
import { type Circumstances, questionOf } from "../question.ts";
import { heldAt, MOST_GRANTS, requireFitting } from "../requested.ts";
import { delegatedResource, type KnownResource } from "../resource.ts";
import { decideWithinTask } from "../within-task.ts";
import type { Authorization } from "./authorization.ts";
import type { Given, ProvenKey } from "./holder.ts";

/** A copy of an agent that a person works with, and the key that it has just proven. */
export interface Holder {
  readonly instance: Instance;
  readonly key: ProvenKey;
  /** Whose word is taken for who it is, asked anew with each request: its token dies with that. */
  readonly rev: readonly string[];
  /** From where it asks. */
  readonly source: Caller;
}

/**
 * Makes an access token of what a person gave: through the chain, as every token. Where the client names no
 * grants it gets those that it may use now; one that needs an approval it names, pinned, and waits for.
 * @throws Fault what `decideWithinTask` throws; `invalid-target` for another resource than the person was asked for
 */
export async function issueGiven(
  deps: OauthDeps,
  change: Change,
  holder: Holder,
  given: Given,
  of: { authorization: Authorization; form: Form },
): Promise<TokenResponse> {
  const { chain, agent } = given;
  const client = { ...clientOf(holder, given), asked: newId(deps, "request") };
  const resource = await resourceFor(deps, of);
  const { caller, instance } = client;
  const on: Circumstances = { caller, instance, agent, chain, resource };
  const named = authorizationDetailsOf(of.form);
  const held = heldAt(leafOf(chain).grants, resource).slice(0, MOST_GRANTS);
  const grants = named ?? (await usableNow(deps, on, held));
  requireFitting(grants, resource);
  const { granted } = await decideWithinTask(deps, change, client, { agent, chain, resource }, grants);
  return mint(deps, change, client, {
    audience: resource.location,
    release: resource.release,
    granted,
    chain,
    lifetime: lifetimeOf(of.form),
  });
}

async function resourceFor(
  deps: OauthDeps,
  { authorization, form }: { authorization: Authorization; form: Form },
): Promise<KnownResource> {
  const asked = resourceOf(form);
  if (asked === undefined || asked === authorization.resource)
    return delegatedResource(deps, authorization.resource);
  throw new Fault("invalid-target", "The person was not asked for this resource.", {
    remedy: "Name the resource that the code was asked for, or none.",
  });
}

/** Those that need nobody's yes; all, where none is left: whoever asks then hears what is missing. */
async function usableNow(
  deps: OauthDeps,
  on: Circumstances,
  held: readonly Grant[],
): Promise<readonly Grant[]> {
  const usable: Grant[] = [];
  for (const grant of held) {
    if (needsPerson(on, grant)) continue;
    const { verdict, observed } = await evaluate(deps, on.caller, await questionOf(deps, on, grant));
    if (observed || isKept(verdict)) usable.push(grant);
  }
  return usable.length > 0 ? usable : held;
}

/** Allowed, under no condition that a service outside could not keep. */
const isKept = (verdict: Evaluated["verdict"]): boolean =>
  "obligations" in verdict && verdict.obligations.every(({ kind }) => kind === "log");

function clientOf({ instance, key, rev, source }: Holder, { agent }: Given): Omit<BoundClient, "asked"> {
  const caller: Caller = {
    principal: agent.name,
    kind: "agent",
    strength: instance.strength,
    via: "authorization-code",
    roles: [],
    instance: instance.id,
    keyThumbprint: key.jkt,
    ...(source.source === undefined ? {} : { source: source.source }),
  };
  return {
    instance,
    caller,
    principal: { kind: "agent", agent },
    binding: { cnf: { jkt: key.jkt } },
    once: [],
    dpop: key.dpop,
    rev,
  };
}
