import type { KeyObject } from "node:crypto";
import { decodeBase64url } from "../digest/index.ts";
import { isJsonObject, type Json, type JsonObject, parseStrict } from "../jcs/index.ts";
import { claimsOf, requireAlive, requireAudience, requiredText } from "../jws/index.ts";
import { parseSpiffeId, type SpiffeId } from "../spiffe-id/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import type { TrustBundle } from "./bundle.ts";
import { isSvidAlgorithm, verifiesSvid } from "./signature.ts";
import { requireWorkload, type VerifiedSvid } from "./x509-svid.ts";

const HEADERS: ReadonlySet<string> = new Set(["alg", "kid", "typ"]);
const LONGEST = 16_384;
/** What whoever steals it could use for longer is a secret, in seconds. */
const LONGEST_LIFE = 3_600;

/** What a JWT-SVID says before anything of it is verified. */
export interface PeekedSvid {
  readonly id: SpiffeId;
  readonly alg: string;
  readonly kid: string;
}

/**
 * Whom a JWT-SVID says that it is, and which key of that trust domain it says has signed it. Nothing has been
 * verified: good for looking up the bundle, and for nothing else.
 * @throws VerificationError `malformed`, `not-canonical`, `too-large`, `wrong-alg`, `wrong-typ`, `missing-claim`
 * @see JWT-SVID §2, §5
 */
export function peekJwtSvid(attackerSvid: string): PeekedSvid {
  if (attackerSvid.length > LONGEST) throw new VerificationError("too-large", "the JWT-SVID is too long");
  const [header = "", payload = "", signature, ...more] = attackerSvid.split(".", 4);
  if (signature === undefined || more.length > 0) throw malformed("a JWT-SVID has three parts");
  // A last letter whose lowest bits mean nothing would give one SVID many names.
  orRefuse("not-canonical", "the signature", () => decodeBase64url(signature));
  const { alg, kid } = readHeader(jsonOf("the header", header));
  const id = parseSpiffeId(requiredText(claimsOf(jsonOf("the payload", payload)), "sub"));
  return { id: requireWorkload(id), alg, kid };
}

/**
 * Verifies a JWT-SVID by the bundle of the trust domain that it names and by no other. It proves nothing about
 * who sends it: whoever has seen it can send it again.
 * @param expected.audience our issuer; the only audience that it may have
 * @param expected.now milliseconds since the epoch
 * @throws VerificationError also `unknown-key`, `bad-signature`, `wrong-audience`, `expired`, `not-yet-valid`,
 *   `too-long-lived`
 */
export function verifyJwtSvid(attackerSvid: string, { bundle, audience, now }: Expected): VerifiedSvid {
  const { claims, ...verified } = heldBy(attackerSvid, bundle, now);
  requireAudience(claims, audience);
  return verified;
}

/** What a JWT-SVID is verified against. */
interface Expected {
  readonly bundle: TrustBundle;
  readonly audience: string;
  readonly now: number;
}

/**
 * Verifies a JWT-SVID for somebody else, as SPIFFE says: he is among its audiences, and may not be the only one.
 * @returns also its claims, all of them
 * @throws VerificationError as `verifyJwtSvid`
 * @see JWT-SVID §5, SPIFFE Workload API §6.2.4
 */
export function validateJwtSvid(
  attackerSvid: string,
  { bundle, audience, now }: Expected,
): VerifiedSvid & { readonly claims: JsonObject } {
  const verified = heldBy(attackerSvid, bundle, now);
  const { aud } = verified.claims;
  const named = Array.isArray(aud) ? aud : [requiredText(verified.claims, "aud")];
  if (named.includes(audience)) return verified;
  throw new VerificationError("wrong-audience", "the audience is another one");
}

function heldBy(attackerSvid: string, bundle: TrustBundle, now: number) {
  const { id, alg, kid } = peekJwtSvid(attackerSvid);
  const claims = signedClaims(attackerSvid, alg, keyOf(bundle, kid, alg));
  const { exp } = requireAlive(claims, now);
  if (exp * 1000 > now + LONGEST_LIFE * 1000)
    throw new VerificationError("too-long-lived", `a JWT-SVID lives at most ${LONGEST_LIFE} s here`);
  const { iat, jti } = claims;
  const issued = typeof iat === "number" && iat <= exp ? iat * 1000 : 0;
  const named = typeof jti === "string" && jti !== "" ? { jti } : {};
  return { id, expires: exp * 1000, issued, ...named, claims };
}

function readHeader(header: Json): { alg: string; kid: string } {
  if (!isJsonObject(header)) throw malformed("the header must be an object");
  if (Object.keys(header).some((name) => !HEADERS.has(name)))
    throw malformed("the header has more than alg, kid, typ");
  const { alg, kid, typ } = header;
  if (!isSvidAlgorithm(alg)) throw new VerificationError("wrong-alg", "no alg of JWT-SVIDs");
  if (typ !== undefined && typ !== "JWT" && typ !== "JOSE")
    throw new VerificationError("wrong-typ", "no typ of JWT-SVIDs");
  if (typeof kid !== "string" || kid === "") throw malformed("a JWT-SVID names its key");
  return { alg, kid };
}

function keyOf({ jwtKeys }: TrustBundle, kid: string, alg: string): KeyObject {
  const known = jwtKeys.get(kid);
  if (known === undefined)
    throw new VerificationError("unknown-key", "no such key in the bundle of its trust domain");
  if (known.alg === undefined || known.alg === alg) return known.key;
  throw new VerificationError("wrong-alg", "the key is for another alg");
}

function signedClaims(attackerSvid: string, alg: string, key: KeyObject): JsonObject {
  const [header = "", payload = "", signature = ""] = attackerSvid.split(".");
  if (!verifiesSvid(alg, Buffer.from(`${header}.${payload}`), decodeBase64url(signature), key))
    throw new VerificationError("bad-signature", "the signature does not verify");
  return claimsOf(jsonOf("the payload", payload));
}

function jsonOf(what: string, encoded: string): Json {
  const bytes = orRefuse("not-canonical", what, () => decodeBase64url(encoded));
  return orRefuse("malformed", what, () => parseStrict(bytes));
}

const malformed = (problem: string): VerificationError => new VerificationError("malformed", problem);
