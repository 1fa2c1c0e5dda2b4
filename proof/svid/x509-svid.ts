import { parseSpiffeId, type SpiffeId } from "../spiffe-id/index.ts";
import { VerificationError } from "../verification-error.ts";
import type { Certificate } from "../x509/certificate.ts";
import { KEY_USAGE, PURPOSE } from "../x509/extensions.ts";
import { validatePath } from "../x509/validate-path.ts";
import type { TrustBundle } from "./bundle.ts";

/** An SVID that holds: who it is, since when and until when. */
export interface VerifiedSvid {
  readonly id: SpiffeId;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** When it was issued (ms), as it says; 0 where it does not say. */
  readonly issued: number;
  /** What tells a JWT-SVID from all others of its authority; nothing where it does not say. */
  readonly jti?: string;
}

/**
 * Whom an X.509-SVID says that it is: the one URI among its names. Nothing has been verified: good for looking
 * up its trust domain's bundle, and for nothing else.
 * @throws VerificationError `malformed`
 */
export function peekX509Svid({ uris }: Certificate): SpiffeId {
  const [uri, ...more] = uris;
  if (uri === undefined || more.length > 0) throw malformed("an X.509-SVID has exactly one URI");
  return requireWorkload(parseSpiffeId(uri));
}

/**
 * Verifies an X.509-SVID that the client of a connection has proven to hold, by the bundle of the trust domain
 * that it names and by no other.
 * @param bundle of the trust domain in `peekX509Svid(leaf)`
 * @param now milliseconds since the epoch
 * @throws VerificationError `malformed`, `unknown-key`, `expired`, `not-yet-valid`, `wrong-alg`, `too-large`
 * @see X509-SVID §2, §5
 */
export function verifyX509Svid(
  attackerLeaf: Certificate,
  attackerOthers: readonly Certificate[],
  { bundle, now }: { bundle: TrustBundle; now: number },
): VerifiedSvid {
  const id = peekX509Svid(attackerLeaf);
  requireLeaf(attackerLeaf);
  const expires = validatePath(attackerLeaf, attackerOthers, bundle.roots, now);
  return { id, expires, issued: attackerLeaf.notBefore };
}

/** Who signs certificates authenticates nobody, and a leaf signs nothing but what it says itself. */
export function requireLeaf({ authority, keyUsage, purposes, subject, namesAreCritical }: Certificate): void {
  if (authority) throw malformed("an authority's certificate is no leaf");
  if (keyUsage?.has(KEY_USAGE.digitalSignature) !== true)
    throw malformed("the key is not for digital signatures");
  if (keyUsage.has(KEY_USAGE.keyCertSign) || keyUsage.has(KEY_USAGE.cRLSign))
    throw malformed("a leaf's key does not sign certificates");
  if (purposes !== undefined && !purposes.includes(PURPOSE.clientAuth))
    throw malformed("the certificate is not for clients");
  if (subject.length === 2 && !namesAreCritical)
    throw malformed("without a subject its names must be critical");
}

/** A SPIFFE ID without a path names a trust domain, and nobody in it. */
export function requireWorkload(id: SpiffeId): SpiffeId {
  if (id.path !== "") return id;
  throw malformed("a trust domain is no workload");
}

const malformed = (problem: string): VerificationError => new VerificationError("malformed", problem);
