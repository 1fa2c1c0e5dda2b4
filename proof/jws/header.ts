import { isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import type { Algorithm } from "../jwk/jwk.ts";
import { VerificationError } from "../verification-error.ts";

/** The protected header of a signature. Members that are not named here are ignored. */
export type JwsHeader = { alg: Algorithm; typ?: string; kid?: string; jwk?: JsonObject };

/**
 * Which `typ` a verifier takes: one media type exactly, or one of several, or none at all where older
 * clients send none. Compared as media types: without regard to case, `application/` left out or not.
 */
export type ExpectedTyp = string | { oneOf: readonly string[]; orAbsent: boolean };

/** Members by which the sender would choose the key or the meaning of the signature. */
const forbiddenMembers = ["crit", "b64", "jku", "x5u", "x5c"];
const knownAlgorithms: readonly unknown[] = ["ES256", "EdDSA", "RS256"] satisfies Algorithm[];

/**
 * Reads a header that has not been verified yet.
 *
 * @param embeddedJwk whether the header must bring its own key (DPoP) or must not (everything else)
 * @throws VerificationError `malformed`, `wrong-alg`, `wrong-typ`
 */
export function parseHeader(attackerHeader: Json, typ: ExpectedTyp, embeddedJwk: boolean): JwsHeader {
  if (!isJsonObject(attackerHeader)) throw new VerificationError("malformed", "the header must be an object");
  refuseForbidden(attackerHeader);
  return {
    alg: parseAlgorithm(attackerHeader.alg),
    ...parseTyp(attackerHeader.typ, typ),
    ...parseKid(attackerHeader.kid),
    ...parseEmbeddedJwk(attackerHeader.jwk, embeddedJwk),
  };
}

function refuseForbidden(header: JsonObject): void {
  const found = forbiddenMembers.find((member) => Object.hasOwn(header, member));
  if (found !== undefined) throw new VerificationError("malformed", `the header must not have ${found}`);
}

function parseAlgorithm(alg: Json | undefined): Algorithm {
  if (knownAlgorithms.includes(alg)) return alg as Algorithm;
  throw new VerificationError("wrong-alg", "the header's alg is not one of ES256, EdDSA, RS256");
}

function parseTyp(typ: Json | undefined, expected: ExpectedTyp): { typ?: string } {
  const { oneOf, orAbsent } =
    typeof expected === "string" ? { oneOf: [expected], orAbsent: false } : expected;
  if (typ === undefined && orAbsent) return {};
  if (typeof typ === "string" && oneOf.some((each) => mediaType(each) === mediaType(typ))) return { typ };
  throw new VerificationError("wrong-typ", `the header's typ is not ${oneOf.join(" or ")}`);
}

/** Lower-cased by ASCII only: other letters must not turn into the ones that are looked for. */
function mediaType(typ: string): string {
  const lower = typ.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return lower.startsWith("application/") ? lower.slice("application/".length) : lower;
}

function parseKid(kid: Json | undefined): { kid?: string } {
  if (kid === undefined) return {};
  if (typeof kid === "string") return { kid };
  throw new VerificationError("malformed", "the header's kid must be a string");
}

function parseEmbeddedJwk(jwk: Json | undefined, embeddedJwk: boolean): { jwk?: JsonObject } {
  if (jwk === undefined && !embeddedJwk) return {};
  if (embeddedJwk && isJsonObject(jwk)) return { jwk };
  throw new VerificationError(
    "malformed",
    embeddedJwk ? "the header needs a jwk" : "the header must not have jwk",
  );
}
