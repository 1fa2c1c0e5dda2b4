import type { PublicJwk } from "@countersign/proof/jwk";
import { requireNothingDemanded } from "../../attestation/index.ts";
import type { Change } from "../../database/index.ts";
import {
  chainOf,
  closeWithin,
  expiryOf,
  findTask,
  type LivingChain,
  leafOf,
  requireChain,
} from "../../delegation/index.ts";
import { type Caller, Fault } from "../../lib/index.ts";
import {
  type Agent,
  addClientInstance,
  findInstanceByThumbprint,
  type Instance,
} from "../../registry/index.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import type { OneTimeProof } from "../one-time-proof.ts";
import type { Authorization } from "./authorization.ts";
import type { ProvenInteractiveClient } from "./client-proof.ts";

/** A key whose holder has sent this very request. */
export interface ProvenKey {
  readonly jkt: string;
  readonly jwk: PublicJwk;
  readonly dpop: OneTimeProof;
}

/** What the person gave, alive, and the agent that she gave it to. */
export interface Given {
  readonly chain: LivingChain;
  readonly agent: Agent;
}

/**
 * The chain behind an authorization, as it stands now.
 * @throws Fault `invalid-grant` when anything in it has ended
 */
export async function givenBy(deps: OauthDeps, { edge }: Authorization): Promise<Given> {
  try {
    const chain = await chainOf(deps, edge ?? "none");
    const agent = chain.agents.at(-1);
    if (agent !== undefined && agent.name === leafOf(chain).to) return { chain, agent };
  } catch (fault) {
    if (!(fault instanceof Fault) || fault.code === "unavailable" || fault.code === "busy") throw fault;
    throw new Fault("invalid-grant", fault.message, {
      remedy: "Ask the person again.",
      record: fault.record,
      cause: fault,
    });
  }
  throw new Fault("invalid-grant", "What this rests on has ended.", { remedy: "Ask the person again." });
}

/**
 * The copy of the agent that the tokens are made for: the client itself where it has enrolled, else one that is
 * known by the key that was proven now, and exists for this task. Part of the caller's change.
 * @throws Fault `invalid-grant` when the key is somebody else's; `forbidden` when something is demanded of the agent
 *   that only a host can measure
 */
export async function holderFor(
  deps: OauthDeps,
  change: Change,
  proven: ProvenInteractiveClient,
  key: ProvenKey,
  { chain, agent }: Given,
): Promise<Instance> {
  if (proven.instance !== undefined) {
    // By its SVID it has proven itself, whatever key it signs this request with; else by nothing but its own.
    if (proven.binding !== undefined || proven.instance.thumbprint === key.jkt) return proven.instance;
    throw anotherKey();
  }
  requireChain(change, chain);
  await requireNothingDemanded(deps, change, { agent });
  await endFormer(deps, change, proven, key, { chain, agent });
  try {
    return await addClientInstance(deps, change, proven.caller, {
      of: { agent },
      jwk: key.jwk,
      strength: proven.strength,
      expires: expiryOf(chain),
      evidence: `consent ${chain.consent}`,
      task: chain.task.id,
    });
  } catch (fault) {
    if (fault instanceof Fault && fault.code === "exists") throw anotherKey(fault);
    throw fault;
  }
}

/**
 * A copy serves one task at a time: where she gives the same program a new one, that is in place of the one that
 * she gave it before. Copies that are shared, and what others gave it, stay as they are.
 */
async function endFormer(
  deps: OauthDeps,
  change: Change,
  { caller }: ProvenInteractiveClient,
  key: ProvenKey,
  { chain, agent }: Given,
): Promise<void> {
  const known = await findInstanceByThumbprint(deps, key.jkt);
  if (known?.task === undefined || known.task === chain.task.id || agent.delegation.shared === true) return;
  const former = await findTask(deps.database, known.task);
  if (former === undefined || former.person !== chain.person || known.principal !== agent.name) return;
  const { source } = caller;
  const her: Caller = {
    principal: chain.person,
    kind: "person",
    strength: "enrolled-key",
    via: "consent",
    roles: [],
    ...(source === undefined ? {} : { source }),
  };
  await closeWithin(deps, change, her, former.id);
}

const anotherKey = (cause?: unknown): Fault =>
  new Fault("invalid-grant", "This key belongs to another copy of an agent.", {
    remedy: "Use the enrolled key, or make a new one for each copy.",
    cause,
  });
