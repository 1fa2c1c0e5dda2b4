import type { SpiffeId } from "@countersign/proof/spiffe-id";
import {
  peekJwtSvid,
  peekX509Svid,
  type TrustBundle,
  type VerifiedSvid,
  verifyJwtSvid,
  verifyX509Svid,
} from "@countersign/proof/svid";
import { VerificationError } from "@countersign/proof/verification-error";
import { type Certificate, readCertificate, same } from "@countersign/proof/x509";
import type { AuthorityRecord } from "./authority.ts";
import type { AuthorityDeps, SpiffeDeps } from "./spiffe-deps.ts";
import { domainNamed } from "./store.ts";
import { deadKeyOfDomain, type TrustDomain } from "./trust-domain.ts";

/** An SVID that holds today, with what kills whatever is issued on it. */
export interface Svid extends VerifiedSvid {
  readonly rev: readonly string[];
  /** Whether it was issued here: then whoever it names is on record, or has ended. */
  readonly own: boolean;
}

/**
 * Verifies a JWT-SVID for this server by the bundle of its own trust domain.
 * @throws VerificationError
 */
export async function jwtSvid(deps: SpiffeDeps, attackerSvid: string): Promise<Svid> {
  const { id, kid } = peekJwtSvid(attackerSvid);
  const own = await ownJwtKey(deps, id, kid);
  if (own !== undefined) {
    const expected = { bundle: own, audience: deps.issuer, now: deps.clock.now() };
    return { ...verifyJwtSvid(attackerSvid, expected), rev: [`kid:${kid}`], own: true };
  }
  const domain = await domainOf(deps, id);
  const expected = { bundle: deps.bundles.of(domain), audience: deps.issuer, now: deps.clock.now() };
  return { ...verifyJwtSvid(attackerSvid, expected), rev: [deadKeyOfDomain(domain)], own: false };
}

/**
 * Verifies the certificates by which the client of a connection proved itself, as an X.509-SVID.
 * @param attackerChain DER, the client's own first
 * @throws VerificationError
 */
export async function x509Svid(deps: SpiffeDeps, attackerChain: readonly Uint8Array[]): Promise<Svid> {
  const [leaf, ...others] = readChain(attackerChain);
  const id = peekX509Svid(leaf);
  const own = await verifiedOwn(deps, id, leaf);
  if (own !== undefined) return own;
  const domain = await domainOf(deps, id);
  const expected = { bundle: deps.bundles.of(domain), now: deps.clock.now() };
  return { ...verifyX509Svid(leaf, others, expected), rev: [deadKeyOfDomain(domain)], own: false };
}

/** Our own key of this name, and no other, where the JWT-SVID is of our own trust domain. */
async function ownJwtKey(
  deps: AuthorityDeps,
  id: SpiffeId,
  attackerKid: string,
): Promise<TrustBundle | undefined> {
  if (id.trustDomain !== deps.trustDomain) return undefined;
  const published = (await deps.authority.records(deps)).get(attackerKid);
  const signer = deps.keys.authorities("jwt-svid").find(({ kid }) => kid === attackerKid);
  if (published === undefined || signer === undefined) return undefined;
  return { roots: [], jwtKeys: new Map([[attackerKid, { key: signer.publicKey, alg: "ES256" }]]) };
}

interface OwnIssuer {
  readonly kid: string;
  readonly bundle: TrustBundle;
}

/** Read once: a record never changes. */
const OWN_ISSUERS = new WeakMap<AuthorityRecord, OwnIssuer & { readonly name: Uint8Array }>();

/**
 * Which of our own living keys the leaf says has signed it. That key's certificate alone verifies it, and not the
 * company's root above: one that was withdrawn is no authority here, whatever still vouches for it.
 */
async function ownIssuer(
  deps: AuthorityDeps,
  id: SpiffeId,
  attackerLeaf: Certificate,
): Promise<OwnIssuer | undefined> {
  if (id.trustDomain !== deps.trustDomain) return undefined;
  const records = [...(await deps.authority.records(deps)).values()];
  return records.map(issuerIn).find((own) => own !== undefined && same(own.name, attackerLeaf.issuer));
}

function issuerIn(record: AuthorityRecord): (OwnIssuer & { readonly name: Uint8Array }) | undefined {
  if (record.certificate === undefined) return undefined;
  const known = OWN_ISSUERS.get(record);
  if (known !== undefined) return known;
  const certificate = readCertificate(record.certificate);
  const bundle = { roots: [certificate], jwtKeys: new Map() };
  const made = { kid: record.kid, bundle, name: certificate.subject };
  OWN_ISSUERS.set(record, made);
  return made;
}

/**
 * Whether a certificate says that one of our own living keys has signed it for a workload of ours: how it is meant
 * and nothing more, for nothing is verified.
 */
export async function isOwnX509Svid(
  deps: AuthorityDeps,
  attackerChain: readonly Uint8Array[] = [],
): Promise<boolean> {
  try {
    const [leaf] = readChain(attackerChain.slice(0, 1));
    return (await ownIssuer(deps, peekX509Svid(leaf), leaf)) !== undefined;
  } catch (error) {
    if (error instanceof VerificationError) return false;
    throw error;
  }
}

/**
 * Verifies a certificate that our own authority has issued, and no other.
 * @returns nothing where it does not say that it is one
 * @throws VerificationError where it says so and does not hold
 */
export async function ownX509Svid(
  deps: AuthorityDeps,
  attackerChain: readonly Uint8Array[],
): Promise<Svid | undefined> {
  if (!(await isOwnX509Svid(deps, attackerChain))) return undefined;
  const [leaf] = readChain(attackerChain.slice(0, 1));
  return verifiedOwn(deps, peekX509Svid(leaf), leaf);
}

async function verifiedOwn(
  deps: AuthorityDeps,
  id: SpiffeId,
  attackerLeaf: Certificate,
): Promise<Svid | undefined> {
  const own = await ownIssuer(deps, id, attackerLeaf);
  if (own === undefined) return undefined;
  const expected = { bundle: own.bundle, now: deps.clock.now() };
  return { ...verifyX509Svid(attackerLeaf, [], expected), rev: [`kid:${own.kid}`], own: true };
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
