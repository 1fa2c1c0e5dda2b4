import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import { type Certificate, readCertificate } from "../x509/certificate.ts";

/** A key of JWT-SVIDs, and the one algorithm that it is for, where it says so. */
export interface JwtKey {
  readonly key: KeyObject;
  readonly alg?: string;
}

/** By whom a trust domain's SVIDs are signed. What is not in it signs nothing. */
export interface TrustBundle {
  readonly sequence?: number;
  /** How often to look for a new one, in seconds. */
  readonly refreshHint?: number;
  /** Roots of X.509-SVIDs. */
  readonly roots: readonly Certificate[];
  /** Public keys of JWT-SVIDs, by the `kid` that names them. */
  readonly jwtKeys: ReadonlyMap<string, JwtKey>;
}

const MOST_KEYS = 100;
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const JWT_KINDS: ReadonlySet<unknown> = new Set(["EC", "RSA"]);

/**
 * Reads a trust bundle as SPIFFE writes it. Elements for uses that are not known here are passed over, as it
 * demands; one that is for a use of ours and is not as it should be refuses the bundle, so that nobody believes
 * to have configured a key that is not there. None at all means that nothing of this trust domain is valid.
 * @throws VerificationError `malformed`, `private-key`
 * @see SPIFFE Trust Domain and Bundle §4
 */
export function parseBundle(attackerBundle: Json): TrustBundle {
  if (!isJsonObject(attackerBundle) || !Array.isArray(attackerBundle.keys))
    throw malformed("a bundle is an object with a list of keys");
  const { keys } = attackerBundle;
  if (keys.length > MOST_KEYS) throw malformed(`a bundle has at most ${MOST_KEYS} keys`);
  const elements = keys.filter(isJsonObject);
  if (elements.length !== keys.length) throw malformed("a key is an object");
  elements.forEach(refusePrivate);
  return {
    ...countAt(attackerBundle, "spiffe_sequence", "sequence"),
    ...countAt(attackerBundle, "spiffe_refresh_hint", "refreshHint"),
    roots: elements.filter(({ use }) => use === "x509-svid").flatMap(rootsOf),
    jwtKeys: jwtKeysOf(elements.filter(({ use, kty }) => use === "jwt-svid" && JWT_KINDS.has(kty))),
  };
}

function countAt<Name extends string>(
  bundle: JsonObject,
  member: string,
  name: Name,
): { [key in Name]?: number } {
  const value = Object.hasOwn(bundle, member) ? bundle[member] : undefined;
  if (value === undefined) return {};
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0)
    return { [name]: value } as { [key in Name]?: number };
  throw malformed(`${member} is a whole number`);
}

function refusePrivate(element: JsonObject): void {
  if (PRIVATE_MEMBERS.some((member) => Object.hasOwn(element, member)))
    throw new VerificationError("private-key", "a bundle holds public keys only");
}

/** Without a certificate an element is passed over; of several the first counts (§4.2.1). */
function rootsOf({ x5c }: JsonObject): Certificate[] {
  const [first] = Array.isArray(x5c) ? x5c : [];
  if (first === undefined) return [];
  const der = typeof first === "string" ? Buffer.from(first, "base64") : Buffer.alloc(0);
  if (der.length === 0 || der.toString("base64") !== first)
    throw malformed("x5c holds base64 of a certificate");
  return [readCertificate(der)];
}

function jwtKeysOf(elements: readonly JsonObject[]): Map<string, JwtKey> {
  const keys = new Map<string, JwtKey>();
  for (const element of elements) {
    const { kid, alg } = element;
    if (typeof kid !== "string" || kid === "" || kid.length > 256)
      throw malformed("a key of JWT-SVIDs has a kid");
    if (keys.has(kid)) throw malformed("a kid stands twice");
    const key = orRefuse("malformed", "a key", () =>
      createPublicKey({ key: element as JsonWebKey, format: "jwk" }),
    );
    keys.set(kid, { key, ...(typeof alg === "string" ? { alg } : {}) });
  }
  return keys;
}

const malformed = (problem: string): VerificationError => new VerificationError("malformed", problem);
