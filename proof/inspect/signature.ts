import type { KeyObject } from "node:crypto";
import { type Algorithm, type KeySet, noKeyCache, parsePublicJwk, thumbprint } from "../jwk/index.ts";
import { defaultMaxLength, verifyCompactBytes } from "../jws/index.ts";
import { VerificationError } from "../verification-error.ts";
import type { SignatureFound } from "./inspection.ts";
import { objectIn, type RawToken, textOf } from "./raw-token.ts";

const algs: readonly Algorithm[] = ["ES256", "EdDSA", "RS256"];

/** Checks a signature under the issuer's keys, if there are any. */
export function signedByIssuer(token: RawToken, keys: KeySet | undefined): SignatureFound {
  const kid = textOf(token.header, "kid");
  if (keys === undefined) return { state: "unchecked", why: "no keys of the issuer were given" };
  const key = kid === undefined ? undefined : keys.get(kid);
  const code = "unknown-key";
  if (kid === undefined) return { state: "unchecked", why: "it does not name the key that signed it", code };
  if (key === undefined)
    return { state: "unchecked", why: `the keys that were given have none called ${kid}`, code };
  return signedBy(token, key, `the issuer's key ${kid}`);
}

/** Checks the signature of a text that brings its own key along: it proves who holds that key, and no more. */
export function signedByItsOwnKey(token: RawToken): SignatureFound {
  try {
    const { kid: _, ...jwk } = parsePublicJwk(objectIn(token.header, "jwk"));
    const jkt = thumbprint(jwk);
    return signedBy(token, noKeyCache.import(jwk, jkt), `the key that it brings along, ${jkt}`, true);
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    return { state: "unchecked", why: `the key that it brings along cannot be read: ${error.message}` };
  }
}

export function signedBy(
  { compact, header }: RawToken,
  key: KeyObject,
  by: string,
  embedded: boolean = false,
): SignatureFound {
  const typ = textOf(header, "typ");
  try {
    verifyCompactBytes(compact, {
      typ: { oneOf: typ === undefined ? [] : [typ], orAbsent: true },
      algs,
      key,
      maxLength: Math.max(compact.length, defaultMaxLength),
      ...(embedded ? { embeddedJwk: true } : {}),
    });
    return { state: "holds", by };
  } catch (error) {
    if (error instanceof VerificationError) return { state: "broken", by };
    throw error;
  }
}
