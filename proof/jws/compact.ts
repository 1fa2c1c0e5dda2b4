import type { KeyObject } from "node:crypto";
import { decodeBase64url, encodeBase64url } from "../digest/index.ts";
import { canonicalBytes, type Json, type JsonObject, parseStrict } from "../jcs/index.ts";
import { type Algorithm, algorithmOf } from "../jwk/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import { type ExpectedTyp, type JwsHeader, parseHeader } from "./header.ts";
import { readHeaderJson } from "./read-header.ts";
import { signBytes, verifyBytes } from "./signature.ts";

/** The longest compact form that is looked at, in characters, where the caller says nothing else. */
export const defaultMaxLength = 16_384;

const ascii = new TextEncoder();

/** Where the verification key comes from: known already, or found by the header, which is not verified yet. */
type KeySource =
  | { key: KeyObject; resolve?: never }
  | { key?: never; resolve: (attackerHeader: JwsHeader) => KeyObject | undefined };

/** What a verifier insists on. */
export type Expectation = KeySource & {
  typ: ExpectedTyp;
  /** Algorithms taken here. The key's own algorithm must be among them and stand in the header. */
  algs: readonly Algorithm[];
  /** The header must bring its own public key (DPoP). Without it a header with `jwk` is refused. */
  embeddedJwk?: true;
  /** Longest compact form in characters; 16384 if absent. */
  maxLength?: number;
};

/**
 * Signs a JSON payload. Header and payload are canonical JSON; `alg` follows from the key.
 *
 * @returns the compact form `header.payload.signature`
 * @throws VerificationError `wrong-alg` for RSA keys, which only verify
 * @see RFC 7515 §7.1
 */
export function signCompact(input: {
  header: { typ: string; kid?: string; jwk?: JsonObject };
  payload: Json;
  key: KeyObject;
}): string {
  const header = { ...input.header, alg: algorithmOf(input.key) };
  const signed = `${encodeJson(header)}.${encodeJson(input.payload)}`;
  return `${signed}.${encodeBase64url(signBytes(ascii.encode(signed), input.key))}`;
}

/**
 * Verifies a compact JWS and only then reads its payload as strict JSON.
 *
 * @throws VerificationError `malformed`, `not-canonical`, `too-large`, `wrong-typ`, `wrong-alg`,
 *   `unknown-key`, `bad-signature`
 * @see RFC 7515 §5.2, RFC 8725
 */
export function verifyCompact(
  attackerCompact: string,
  expected: Expectation,
): { header: JwsHeader; payload: Json } {
  const { header, payload } = verifyCompactBytes(attackerCompact, expected);
  return { header, payload: orRefuse("malformed", "the payload", () => parseStrict(payload)) };
}

/**
 * Like `verifyCompact`, for payloads that need not be JSON: returns the payload as bytes, and the bytes over
 * which the signature was made.
 */
export function verifyCompactBytes(
  attackerCompact: string,
  expected: Expectation,
): { header: JwsHeader; payload: Uint8Array; signed: Uint8Array } {
  const [header, payload, signature] = split(attackerCompact, expected.maxLength ?? defaultMaxLength);
  const attackerHeader = readHeader(header, expected);
  const key = findKey(attackerHeader, expected);
  const signed = ascii.encode(attackerCompact.slice(0, header.length + 1 + payload.length));
  if (!verifyBytes(signed, decode("the signature", signature), key)) {
    throw new VerificationError("bad-signature", "the signature does not verify");
  }
  return { header: attackerHeader, payload: decode("the payload", payload), signed };
}

/**
 * Reads a compact JWS without verifying it: for whoever holds it, and for people who look at it. Nothing may
 * rest on what it says.
 *
 * @throws VerificationError as `verifyCompactBytes`, but for `unknown-key` and `bad-signature`
 */
export function readCompactBytes(
  attackerCompact: string,
  expected: Pick<Expectation, "typ" | "algs" | "embeddedJwk" | "maxLength">,
): { header: JwsHeader; payload: Uint8Array; signed: Uint8Array } {
  const [header, payload, signature] = split(attackerCompact, expected.maxLength ?? defaultMaxLength);
  const attackerHeader = readHeader(header, expected);
  if (!expected.algs.includes(attackerHeader.alg)) {
    throw new VerificationError("wrong-alg", "the header's alg is not taken here");
  }
  decode("the signature", signature);
  const signed = ascii.encode(attackerCompact.slice(0, header.length + 1 + payload.length));
  return { header: attackerHeader, payload: decode("the payload", payload), signed };
}

function split(attackerCompact: string, maxLength: number): [string, string, string] {
  if (typeof attackerCompact !== "string") throw new VerificationError("malformed", "a JWS must be a string");
  if (attackerCompact.length > maxLength) throw new VerificationError("too-large", "the JWS is too long");
  const [header, payload, signature, ...rest] = attackerCompact.split(".", 4);
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) {
    throw new VerificationError("malformed", "a compact JWS has three parts");
  }
  return [header, payload, signature];
}

function readHeader(
  encoded: string,
  { typ, embeddedJwk }: Pick<Expectation, "typ" | "embeddedJwk">,
): JwsHeader {
  return parseHeader(readHeaderJson(encoded), typ, embeddedJwk ?? false);
}

function findKey(attackerHeader: JwsHeader, expected: Expectation): KeyObject {
  const key = expected.key ?? expected.resolve(attackerHeader);
  if (key === undefined) throw new VerificationError("unknown-key", "the signing key is not known here");
  const alg = algorithmOf(key);
  if (attackerHeader.alg !== alg || !expected.algs.includes(alg)) {
    throw new VerificationError("wrong-alg", "the header's alg is not the key's, or not taken here");
  }
  return key;
}

function decode(what: string, encoded: string): Uint8Array {
  return orRefuse("not-canonical", what, () => decodeBase64url(encoded));
}

function encodeJson(value: Json): string {
  return encodeBase64url(canonicalBytes(value));
}
