import type { KeyObject } from "node:crypto";
import { encodeBase64url } from "../digest/index.ts";
import { canonicalBytes, type Json, type JsonObject } from "../jcs/index.ts";
import { algorithmOf } from "../jwk/index.ts";
import { VerificationError } from "../verification-error.ts";
import { type Demands, readForm, readPayload, requireKey, requireSigned } from "./form.ts";
import type { JwsHeader } from "./header.ts";
import { signBytes, verifyBytes } from "./signature.ts";

const ascii = new TextEncoder();

/** Where the verification key comes from: known already, or found by the header, which is not verified yet. */
type KeySource =
  | { key: KeyObject; resolve?: never }
  | { key?: never; resolve: (attackerHeader: JwsHeader) => KeyObject | undefined };

/** What a verifier insists on, and where its key comes from. */
export type Expectation = KeySource & Demands;

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
  return { header, payload: readPayload(payload) };
}

/**
 * Like `verifyCompact`, for payloads that need not be JSON: returns the payload as bytes, and the bytes over
 * which the signature was made.
 */
export function verifyCompactBytes(
  attackerCompact: string,
  expected: Expectation,
): { header: JwsHeader; payload: Uint8Array; signed: Uint8Array } {
  const form = readForm(attackerCompact, expected);
  const { header, payload, signed } = form;
  const key = requireKey(expected.key ?? expected.resolve(header), algorithmOf, form, expected);
  requireSigned(verifyBytes(signed, form.signature, key));
  return { header, payload, signed };
}

/**
 * Reads a compact JWS without verifying it: for whoever holds it, and for people who look at it. Nothing may
 * rest on what it says.
 *
 * @throws VerificationError as `verifyCompactBytes`, but for `unknown-key` and `bad-signature`
 */
export function readCompactBytes(
  attackerCompact: string,
  expected: Demands,
): { header: JwsHeader; payload: Uint8Array; signature: Uint8Array; signed: Uint8Array } {
  const { header, payload, signature, signed } = readForm(attackerCompact, expected);
  if (!expected.algs.includes(header.alg)) {
    throw new VerificationError("wrong-alg", "the header's alg is not taken here");
  }
  return { header, payload, signature, signed };
}

function encodeJson(value: Json): string {
  return encodeBase64url(canonicalBytes(value));
}
