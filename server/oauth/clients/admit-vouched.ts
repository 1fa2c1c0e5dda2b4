import type { PublicJwk } from "@countersign/proof/jwk";
import { requireNothingDemanded } from "../../attestation/index.ts";
import { perform } from "../../audit/index.ts";
import type { PeerKey } from "../../http/index.ts";
import { type Caller, Fault, type Strength } from "../../lib/index.ts";
import { vouchFor } from "../../registry/index.ts";
import type { StandsFor } from "../../spiffe/index.ts";
import type { Binding, ProvenClient } from "../client.ts";
import { proveAnyKey } from "../dpop.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { type OneTimeProof, refuseSpent } from "../one-time-proof.ts";
import { notProven, type Offered } from "./method.ts";

/** What a client has proven itself to hold in this request. */
export interface Holding {
  readonly jwk: PublicJwk;
  readonly binding: Binding;
  readonly assertion?: OneTimeProof;
}

/** A workload for which others vouch, as they do now. */
export interface VouchedClient extends Holding {
  readonly stands: StandsFor;
  readonly strength: Strength;
  /** How it came in, for the log. */
  readonly via: string;
  /** Who vouches, for the log. */
  readonly evidence: string;
  /** Until when, milliseconds since the epoch. */
  readonly expires: number;
  /** When what they sign was issued, likewise. */
  readonly issued: number;
  readonly rev: readonly string[];
}

/**
 * The running copy behind a workload for which others vouch: taken in with its first request, noted anew when it
 * comes with another key or is vouched for until later. That is on record before anything is issued on it.
 * @throws Fault `invalid-client` when it has ended or its key is another's; `forbidden` when its agent or service
 *   has no access, or when something is demanded that only a host can measure
 */
export async function admitVouched(
  deps: OauthDeps,
  { source }: Offered,
  vouched: VouchedClient,
): Promise<ProvenClient> {
  const { stands, strength, via, jwk, expires, issued, evidence, binding, assertion } = vouched;
  const agent = "agent" in stands.of;
  const caller: Caller = {
    principal: agent ? stands.of.agent.name : stands.of.service.id,
    kind: agent ? "agent" : "service",
    strength,
    via,
    roles: [],
    instance: stands.instance,
    ...(source.source === undefined ? {} : { source: source.source }),
  };
  const instance = await perform(deps, caller, "instance.enrol", async (change) => {
    await refuseSpent(deps, assertion);
    await requireNothingDemanded(deps, change, stands.of);
    const copy = { id: stands.instance, of: stands.of, jwk, strength, expires, issued, evidence };
    return vouchFor(deps, change, caller, { ...copy, keepsId: true }).catch(asUnproven);
  });
  return {
    instance,
    caller: { ...caller, keyThumbprint: instance.thumbprint },
    binding,
    once: assertion === undefined ? [] : [assertion],
    rev: [...vouched.rev, ...stands.rev],
  };
}

/** Which of the two it is, a stranger who has stolen an SVID need not learn. */
function asUnproven(error: unknown): never {
  if (error instanceof Fault && (error.code === "gone" || error.code === "exists")) throw notProven(error);
  throw error;
}

/**
 * What a client holds that authenticates by its certificate: where it sends a DPoP proof its tokens are bound to
 * that key, and outlast the certificate's renewal; else to the certificate.
 * @param expires when the certificate does, milliseconds since the epoch
 * @throws Fault `invalid-dpop-proof`
 */
export function holdingOf(deps: OauthDeps, { request }: Offered, peer: PeerKey, expires: number): Holding {
  if (request?.headers.dpop === undefined)
    return { jwk: peer.jwk, binding: { cnf: { "x5t#S256": peer.certificate }, expires } };
  const { jwk, jkt, proof } = proveAnyKey(deps, request);
  return { jwk, binding: { cnf: { jkt } }, assertion: proof };
}
