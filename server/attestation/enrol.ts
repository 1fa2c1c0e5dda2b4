import type { Json } from "@countersign/proof/jcs";
import { perform } from "../audit/index.ts";
import { type Caller, Fault, hours, madeAt, type ServiceId } from "../lib/index.ts";
import {
  addInstance,
  agentOrRefuse,
  type Instance,
  type Proven,
  serviceOrRefuse,
} from "../registry/index.ts";
import { requireNothingDemanded } from "./artifacts/require-nothing-demanded.ts";
import type { AttestationDeps } from "./attestation-deps.ts";
import { hashOf, isUsable, type JoinToken } from "./join-token.ts";
import { verifyPossession } from "./proof-of-possession.ts";
import { joinTokenByHash, spendJoinToken } from "./store.ts";

/** How long one enrolment is good for: a process that runs on enrols anew. */
const INSTANCE_LIFETIME = hours(24 * 7);

/** What a process offers that starts: a join token, the public key it has just made, and proof that it did. */
export interface Enrolment {
  readonly attackerToken: string;
  readonly attackerJwk: Json;
  readonly attackerProof: string;
}

/**
 * Takes in one running process. It made its key in memory; nobody reads a key from disk. The token is used up
 * in the same change: of two servers that are asked at once, exactly one says yes.
 * @param caller nobody, as yet
 * @returns the instance with its SPIFFE ID, at strength `enrolled-key`
 * @throws Fault `unauthenticated` when the key is not proven, and for every token that does not work, whatever
 *   the reason; `forbidden` when the agent or service has no access, or when something is demanded of what it is
 *   made of, which no key says; `exists` when the key has enrolled before
 */
export function enrol(deps: AttestationDeps, caller: Caller, offered: Enrolment): Promise<Instance> {
  return perform(deps, caller, "instance.enrol", async (change) => {
    const now = deps.clock.now();
    const tokenHash = hashOf(offered.attackerToken);
    const expected = { audience: deps.issuer, tokenHash, now };
    const jwk = verifyPossession(offered.attackerJwk, offered.attackerProof, expected);
    const token = await joinTokenByHash(deps.database, tokenHash);
    if (token === undefined || !isUsable(token, now) || token.kind === "host") throw tokenDoesNotWork();
    spendJoinToken(change, token, now);
    const of = await principalOf(deps, token);
    await requireNothingDemanded(deps, change, of);
    const evidence = `join token ${token.id}`;
    const times = { strength: "enrolled-key", expires: now + INSTANCE_LIFETIME } as const;
    const joining = { ...caller, via: "join-token" };
    return addInstance(deps, change, joining, {
      of,
      jwk,
      ...times,
      evidence,
      issued: madeAt(token.id),
    });
  });
}

async function principalOf(deps: AttestationDeps, { kind, principal }: JoinToken): Promise<Proven["of"]> {
  return kind === "agent"
    ? { agent: await agentOrRefuse(deps, principal) }
    : { service: await serviceOrRefuse(deps, principal as ServiceId) };
}

/** The same for unknown, used and expired ones: a stranger learns nothing about a token by trying it. */
export const tokenDoesNotWork = (): Fault =>
  new Fault("unauthenticated", "This join token does not work.", {
    remedy: "Ask whoever gave it to you for a new one; each works once and soon.",
    members: { reason: "join-token" },
  });
