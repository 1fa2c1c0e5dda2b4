import type { KeyObject } from "node:crypto";
import { encodeBase64url, sha256Base64url } from "../digest/index.ts";
import { canonicalBytes, type JsonObject, parseCanonical } from "../jcs/index.ts";
import { type Algorithm, type KeySet, thumbprint } from "../jwk/index.ts";
import {
  type Expectation,
  type JwsHeader,
  readCompactBytes,
  requireReadable,
  signCompact,
  verifyCompactBytes,
} from "../jws/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import { parseWarrantClaims, type WarrantClaims } from "./claims.ts";
import { warrantLimits } from "./limits.ts";

/** `typ` of every link. */
export const warrantTyp = "warrant+jwt";

const algs: readonly Algorithm[] = ["ES256", "EdDSA"];
const expectation = { typ: warrantTyp, algs, maxLength: warrantLimits.link };

/** One link as it was read. */
export type WarrantLink = {
  claims: WarrantClaims;
  /** Thumbprint of the key that holds it. */
  jkt: string;
  /** Base64url SHA-256 of what was signed of it: `par_hash` of the next. */
  hash: string;
  /** Which of the issuer's keys signed it. Only the root's. */
  kid?: string;
};

/** A link that was signed by who it must be signed by, and the key that holds it. */
export type HeldLink = WarrantLink & { holder: KeyObject };

/** Verifies the signature of a root under the issuer's keys, and reads it. */
export function verifyRoot(attackerCompact: string, keys: KeySet): WarrantLink {
  return verifyLink(attackerCompact, {
    ...expectation,
    resolve: ({ kid }) => (kid === undefined ? undefined : keys.get(kid)),
  });
}

/**
 * The root that these keys signed, whatever else is wrong with it or with what hangs on it: to say in a record which
 * warrant came with a call that was refused. Proves nothing about who sent it, and never that it may be used.
 *
 * @returns nothing for what was not signed by them
 */
export function signedRoot(attackerCompact: string, keys: KeySet): WarrantLink | undefined {
  try {
    return verifyRoot(attackerCompact, keys);
  } catch {
    return undefined;
  }
}

/** Verifies the signature of any other link under the key that held the one before, and reads it. */
export function verifyDerived(attackerCompact: string, holder: KeyObject): WarrantLink {
  return verifyLink(attackerCompact, { ...expectation, key: holder });
}

function verifyLink(attackerCompact: string, expected: Expectation): WarrantLink {
  return linkOf(attackerCompact, verifyCompactBytes(attackerCompact, expected));
}

/**
 * Reads a link without verifying who signed it: for whoever holds it and wants to pass it on, and for people
 * who look at it.
 *
 * @throws VerificationError as `verifyWarrant` says for one link
 */
export function readLink(attackerCompact: string): WarrantLink {
  return linkOf(attackerCompact, readCompactBytes(attackerCompact, expectation));
}

/** A compact form taken apart: what stands in its header, its payload, and what was signed. */
type ReadForm = { header: JwsHeader; payload: Uint8Array; signed: Uint8Array };

function linkOf(attackerCompact: string, { header, payload, signed }: ReadForm): WarrantLink {
  requireOwnHeader(attackerCompact, header);
  const json = orRefuse("not-canonical", "the payload", () => parseCanonical(payload));
  const claims = parseWarrantClaims(json);
  const { kid } = header;
  // Of what holders sign the key follows from the link before, and of nothing else.
  if ((kid === undefined) !== (claims.par_hash !== undefined)) {
    throw new VerificationError("malformed", "a root names its key by kid, and no other link does");
  }
  const hash = sha256Base64url(signed);
  return { claims, jkt: thumbprint(claims.cnf.jwk), hash, ...(kid === undefined ? {} : { kid }) };
}

const ownHeader = (header: JsonObject): string => `${encodeBase64url(canonicalBytes(header))}.`;

/** The headers of all links but roots. */
const ownHeaders = {
  ES256: ownHeader({ alg: "ES256", typ: warrantTyp }),
  EdDSA: ownHeader({ alg: "EdDSA", typ: warrantTyp }),
  RS256: ownHeader({ alg: "RS256", typ: warrantTyp }),
};

/** The header is exactly what we write. */
function requireOwnHeader(attackerCompact: string, { alg, kid }: JwsHeader): void {
  const own = kid === undefined ? ownHeaders[alg] : ownHeader({ alg, kid, typ: warrantTyp });
  if (!attackerCompact.startsWith(own))
    throw new VerificationError("not-canonical", "the header is not ours");
}

/** Signs claims that the verifier's own reading has passed. */
export function signLink(claims: WarrantClaims, key: KeyObject, kid?: string): string {
  const header = { typ: warrantTyp, ...(kid === undefined ? {} : { kid }) };
  return requireReadable(signCompact({ header, payload: claims, key }), warrantLimits.link);
}

/** What a link that was not signed by the issuer says in `iss`: the key that signed it. @see RFC 9278 */
export const issuerOfKey = (jkt: string): string => `urn:ietf:params:oauth:jwk-thumbprint:sha-256:${jkt}`;
