import type { SpiffeId } from "@countersign/proof/spiffe-id";
import {
  peekJwtSvid,
  peekX509Svid,
  type VerifiedSvid,
  verifyJwtSvid,
  verifyX509Svid,
} from "@countersign/proof/svid";
import { VerificationError } from "@countersign/proof/verification-error";
import { type Certificate, readCertificate } from "@countersign/proof/x509";
import type { SpiffeDeps } from "./spiffe-deps.ts";
import { domainNamed } from "./store.ts";
import { deadKeyOfDomain, type TrustDomain } from "./trust-domain.ts";

/** An SVID that holds today, with what kills whatever is issued on it. */
export interface Svid extends VerifiedSvid {
  readonly rev: readonly string[];
}

/**
 * Verifies a JWT-SVID for this server by the bundle of its own trust domain.
 * @throws VerificationError
 */
export async function jwtSvid(deps: SpiffeDeps & { issuer: string }, attackerSvid: string): Promise<Svid> {
  const domain = await domainOf(deps, peekJwtSvid(attackerSvid).id);
  const expected = { bundle: deps.bundles.of(domain), audience: deps.issuer, now: deps.clock.now() };
  return { ...verifyJwtSvid(attackerSvid, expected), rev: [deadKeyOfDomain(domain)] };
}

/**
 * Verifies the certificates by which the client of a connection proved itself, as an X.509-SVID.
 * @param attackerChain DER, the client's own first
 * @throws VerificationError
 */
export async function x509Svid(deps: SpiffeDeps, attackerChain: readonly Uint8Array[]): Promise<Svid> {
  const [leaf, ...others] = readChain(attackerChain);
  const domain = await domainOf(deps, peekX509Svid(leaf));
  const expected = { bundle: deps.bundles.of(domain), now: deps.clock.now() };
  return { ...verifyX509Svid(leaf, others, expected), rev: [deadKeyOfDomain(domain)] };
}

/** No path is longer; whoever sends more wants us to read. */
const MOST_CERTIFICATES = 8;

/** @throws VerificationError `malformed`, `too-large` */
export function readChain(attackerChain: readonly Uint8Array[]): [Certificate, ...Certificate[]] {
  if (attackerChain.length > MOST_CERTIFICATES)
    throw new VerificationError("too-large", "too many certificates");
  const [leaf, ...others] = attackerChain.map(readCertificate);
  if (leaf === undefined) throw new VerificationError("malformed", "there is no certificate");
  return [leaf, ...others];
}

async function domainOf(deps: SpiffeDeps, { trustDomain }: SpiffeId): Promise<TrustDomain> {
  const domain = await domainNamed(deps.database, trustDomain);
  if (domain !== undefined) return domain;
  throw new VerificationError("unknown-key", "the word of this trust domain is not taken here");
}
