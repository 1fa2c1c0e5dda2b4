import { decodeBase64url } from "../digest/index.ts";
import { type Json, parseStrict } from "../jcs/index.ts";
import type { Algorithm } from "../jwk/jwk.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";
import { type ExpectedTyp, type JwsHeader, parseHeader } from "./header.ts";
import { readHeaderJson } from "./read-header.ts";

/** The longest compact form that is looked at, in characters, where the caller says nothing else. */
export const defaultMaxLength = 16_384;

/**
 * Lets only a compact form leave that whoever verifies it will look at.
 *
 * @throws VerificationError `too-large`
 */
export function requireReadable(compact: string, maxLength: number = defaultMaxLength): string {
  if (compact.length <= maxLength) return compact;
  throw new VerificationError("too-large", `it has ${compact.length} characters, and ${maxLength} are read`);
}

const ascii = new TextEncoder();
const ellipticSignatureSize = 64;

/** What a verifier insists on, whatever the key and whoever checks the signature. */
export type Demands = {
  typ: ExpectedTyp;
  /** Algorithms taken here. The key's own algorithm must be among them and stand in the header. */
  algs: readonly Algorithm[];
  /** The header must bring its own public key (DPoP). Without it a header with `jwk` is refused. */
  embeddedJwk?: true;
  /** Longest compact form in characters; 16384 if absent. */
  maxLength?: number;
};

/** A compact JWS taken apart, of which nothing is believed yet. */
export type AttackerForm = {
  header: JwsHeader;
  signed: Uint8Array<ArrayBuffer>;
  payload: Uint8Array;
  signature: Uint8Array<ArrayBuffer>;
};

/**
 * Takes a compact JWS apart: three parts, each canonical base64url, and a header as demanded. This file and
 * what it imports run in a browser too; both halves of this package read with it.
 *
 * @throws VerificationError `malformed`, `not-canonical`, `too-large`, `wrong-typ`, `wrong-alg`
 * @see RFC 7515 §5.2, RFC 8725
 */
export function readForm(attackerCompact: string, demands: Demands): AttackerForm {
  const [header, payload, signature] = split(attackerCompact, demands.maxLength ?? defaultMaxLength);
  return {
    header: parseHeader(readHeaderJson(header), demands.typ, demands.embeddedJwk ?? false),
    signed: ascii.encode(attackerCompact.slice(0, header.length + 1 + payload.length)),
    payload: decode("the payload", payload),
    signature: decode("the signature", signature),
  };
}

/** The key that was found must be there, and it alone decides the algorithm. */
export function requireKey<Key>(
  key: Key | undefined,
  algorithmOf: (key: Key) => Algorithm,
  { header }: AttackerForm,
  { algs }: Demands,
): Key {
  if (key === undefined) throw new VerificationError("unknown-key", "the signing key is not known here");
  const alg = algorithmOf(key);
  if (header.alg === alg && algs.includes(alg)) return key;
  throw new VerificationError("wrong-alg", "the header's alg is not the key's, or not taken here");
}

/** Whether a signature has the size that its algorithm makes: r and s of 32 bytes each, never DER. */
export function hasSizeOf(alg: Algorithm, attackerSignature: Uint8Array): boolean {
  return alg === "RS256" || attackerSignature.length === ellipticSignatureSize;
}

/** @throws VerificationError `bad-signature` */
export function requireSigned(verifies: boolean): void {
  if (!verifies) throw new VerificationError("bad-signature", "the signature does not verify");
}

/** The payload, whose signature has held, as strict JSON. */
export function readPayload(payload: Uint8Array): Json {
  return orRefuse("malformed", "the payload", () => parseStrict(payload));
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

function decode(what: string, encoded: string): Uint8Array<ArrayBuffer> {
  return orRefuse("not-canonical", what, () => decodeBase64url(encoded));
}
