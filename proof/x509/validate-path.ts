import type { KeyObject } from "node:crypto";
import { VerificationError } from "../verification-error.ts";
import { type Certificate, same } from "./certificate.ts";
import { KEY_USAGE } from "./extensions.ts";

/** More than any authority in use has between its root and what it issues. */
const MOST_AUTHORITIES = 4;
/** Signatures that are checked for one certificate at the end, whatever is sent along with it. */
const MOST_CHECKS = 8;

/**
 * Whether a path leads from one of these roots, and no other, to the certificate: each signed by the one
 * before, each an authority that may sign certificates, all within their time, none deeper than allowed.
 * @param attackerLeaf its own use is for the caller to judge
 * @param attackerOthers what was sent along, in whatever order
 * @param roots whom the caller trusts; by these alone
 * @param now milliseconds since the epoch
 * @returns when the first of the path expires, in milliseconds since the epoch
 * @throws VerificationError `unknown-key` where there is no path; `expired`, `not-yet-valid` for the leaf
 * @see RFC 5280 §6.1
 */
export function validatePath(
  attackerLeaf: Certificate,
  attackerOthers: readonly Certificate[],
  roots: readonly Certificate[],
  now: number,
): number {
  const path = certifiedPath(attackerLeaf, attackerOthers, roots, now);
  return Math.min(...path.map(({ notAfter }) => notAfter));
}

/**
 * As `validatePath`, for whoever asks who has certified it: of what was sent along, only what is on the path has
 * certified anything. Where several paths lead to a root, it is one of them.
 * @returns from the leaf up to the root, both included
 * @throws VerificationError as `validatePath`
 */
export function certifiedPath(
  attackerLeaf: Certificate,
  attackerOthers: readonly Certificate[],
  roots: readonly Certificate[],
  now: number,
): readonly Certificate[] {
  requireTimely(attackerLeaf, now);
  requireStrongKey(attackerLeaf.key);
  const search = { others: attackerOthers, roots, now, checks: 0 };
  const path = pathFrom(search, attackerLeaf, []);
  if (path === undefined)
    throw new VerificationError("unknown-key", "no path leads to a root that is trusted");
  return path;
}

interface Search {
  readonly others: readonly Certificate[];
  readonly roots: readonly Certificate[];
  readonly now: number;
  checks: number;
}

/** From the leaf up to its root, whose own end counts as well. @param below what lies between this one and the leaf, the leaf included */
function pathFrom(
  search: Search,
  from: Certificate,
  below: readonly Certificate[],
): Certificate[] | undefined {
  const path = [...below, from];
  const root = search.roots.find((each) => issued(search, each, path));
  if (root !== undefined) return [...path, root];
  if (path.length > MOST_AUTHORITIES) return undefined;
  for (const other of search.others) {
    if (path.includes(other) || !issued(search, other, path)) continue;
    const longer = pathFrom(search, other, path);
    if (longer !== undefined) return longer;
  }
  return undefined;
}

/** Whether this one may have signed, and has signed, the last of the path. */
function issued(search: Search, authority: Certificate, path: readonly Certificate[]): boolean {
  const last = path.at(-1);
  if (last === undefined || !same(authority.subject, last.issuer)) return false;
  if (!maySign(authority, path, search.now)) return false;
  search.checks += 1;
  if (search.checks > MOST_CHECKS) throw new VerificationError("too-large", "too many paths to look at");
  return verifies(last, authority.key);
}

/** A key of another kind than the signature's is a signature that does not verify. */
function verifies({ x509 }: Certificate, key: KeyObject): boolean {
  try {
    return x509.verify(key);
  } catch {
    return false;
  }
}

function maySign(authority: Certificate, path: readonly Certificate[], now: number): boolean {
  const { keyUsage, pathLength = Number.POSITIVE_INFINITY } = authority;
  // Those who only renew themselves under one name do not count (RFC 5280 §4.2.1.9); the leaf never does.
  const between = path.slice(1).filter(({ subject, issuer }) => !same(subject, issuer)).length;
  return (
    authority.authority &&
    keyUsage?.has(KEY_USAGE.keyCertSign) === true &&
    between <= pathLength &&
    isTimely(authority, now) &&
    isStrong(authority.key)
  );
}

const isTimely = ({ notBefore, notAfter }: Certificate, now: number): boolean =>
  notBefore <= now && now <= notAfter;

function requireTimely({ notBefore, notAfter }: Certificate, now: number): void {
  if (now > notAfter) throw new VerificationError("expired", "the certificate has expired");
  if (now < notBefore) throw new VerificationError("not-yet-valid", "the certificate is not valid yet");
}

function requireStrongKey(key: KeyObject): void {
  if (!isStrong(key))
    throw new VerificationError("wrong-alg", "the certificate's key is of a kind that is not taken");
}

const CURVES: ReadonlySet<string> = new Set(["prime256v1", "secp384r1", "secp521r1"]);

function isStrong({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  if (asymmetricKeyType === "ec") return CURVES.has(asymmetricKeyDetails?.namedCurve ?? "");
  if (asymmetricKeyType === "rsa") {
    const { modulusLength: bits = 0, publicExponent } = asymmetricKeyDetails ?? {};
    // Whoever brings a key chooses what it costs to check: an exponent as long as the modulus costs five hundredfold.
    return bits >= 2048 && bits <= 4096 && publicExponent === 65_537n;
  }
  return asymmetricKeyType === "ed25519";
}
