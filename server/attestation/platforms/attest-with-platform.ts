import { sha256Base64url } from "@countersign/proof/digest";
import type { Json } from "@countersign/proof/jcs";
import type { PublicJwk } from "@countersign/proof/jwk";
import { type Caller, Fault } from "../../lib/index.ts";
import { verifyPossession } from "../proof-of-possession.ts";
import { admitFederated, type Federated } from "./admit-federated.ts";
import type { PlatformDeps } from "./platform-deps.ts";
import { refused } from "./refused.ts";

/** What a workload offers that its platform vouches for: the platform's token, its key, and proof that it holds it. */
export interface PlatformAttestation {
  readonly platform: string;
  readonly attackerToken: string;
  readonly attackerJwk: Json;
  /** As for an enrolment: `typ: enrol+jwt`, over the hash of the token. */
  readonly attackerProof: string;
  readonly agent?: string;
}

/**
 * Takes in one running copy that has no host of ours: its platform says who it is, and it has made a key.
 * @param caller nobody, as yet
 * @throws Fault `unauthenticated` with the member `reason`; otherwise as `admitFederated`
 */
export async function attestWithPlatform(
  deps: PlatformDeps,
  caller: Caller,
  { attackerJwk, attackerProof, ...offered }: PlatformAttestation,
): Promise<Federated> {
  const jwk = provenKey(deps, attackerJwk, attackerProof, offered.attackerToken);
  return admitFederated(deps, caller, { ...offered, jwk });
}

function provenKey(
  deps: PlatformDeps,
  attackerJwk: Json,
  attackerProof: string,
  attackerToken: string,
): PublicJwk {
  const expected = {
    audience: deps.issuer,
    tokenHash: sha256Base64url(attackerToken),
    now: deps.clock.now(),
  };
  try {
    return verifyPossession(attackerJwk, attackerProof, expected);
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    const { remedy } = cause;
    throw refused("bad-proof", cause.message, { cause, ...(remedy === undefined ? {} : { remedy }) });
  }
}
