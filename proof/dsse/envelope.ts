import { decodeBase64, encodeBase64 } from "../checkpoint/base64.ts";
import { isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";

export interface EnvelopeSignature {
  readonly signature: Uint8Array;
  /** A hint and nothing more: no signature covers it. */
  readonly attackerKeyId?: string;
}

/** What was signed, and by whom it says so. Nothing about it is verified yet. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly EnvelopeSignature[];
}

/** More signatures than anybody puts on one statement. */
const MOST_SIGNATURES = 10;
const MEMBERS: ReadonlySet<string> = new Set(["payload", "payloadType", "signatures"]);

/**
 * Reads an envelope's shape.
 * @param attackerEnvelope JSON, read strictly
 * @throws VerificationError `malformed`
 * @see DSSE v1 envelope.md
 */
export function readEnvelope(attackerEnvelope: Json | undefined): Envelope {
  if (!isJsonObject(attackerEnvelope)) throw malformed("an envelope is an object");
  const { payload, payloadType, signatures } = attackerEnvelope;
  if (Object.keys(attackerEnvelope).some((member) => !MEMBERS.has(member)))
    throw malformed("an envelope has a payload, its type and signatures");
  if (typeof payloadType !== "string" || payloadType === "") throw malformed("the payload has no type");
  if (!Array.isArray(signatures) || signatures.length === 0) throw malformed("nobody has signed");
  if (signatures.length > MOST_SIGNATURES) throw malformed("too many signatures");
  return { payloadType, payload: readBase64(payload), signatures: signatures.map(readSignature) };
}

function readSignature(attackerSignature: Json): EnvelopeSignature {
  if (!isJsonObject(attackerSignature)) throw malformed("a signature is an object");
  const { sig, keyid = null, ...more } = attackerSignature;
  if (Object.keys(more).length > 0) throw malformed("a signature has sig and keyid");
  if (keyid !== null && typeof keyid !== "string") throw malformed("a keyid is text");
  const signature = readBase64(sig);
  return keyid === null || keyid === "" ? { signature } : { signature, attackerKeyId: keyid };
}

/** Base64 in either alphabet, padded, in the one text that its bytes have in it. */
function readBase64(attackerText: Json | undefined): Uint8Array {
  if (typeof attackerText !== "string" || attackerText === "") throw malformed("base64 is missing");
  const urlSafe = /[-_]/.test(attackerText);
  if (urlSafe && /[+/]/.test(attackerText)) throw malformed("base64 of two alphabets");
  return decodeBase64(urlSafe ? attackerText.replaceAll("-", "+").replaceAll("_", "/") : attackerText);
}

/** An envelope as JSON. */
export const envelopeJson = ({ payload, payloadType, signatures }: Envelope): JsonObject => ({
  payload: encodeBase64(payload),
  payloadType,
  signatures: signatures.map(({ signature, attackerKeyId }) => ({
    sig: encodeBase64(signature),
    keyid: attackerKeyId ?? "",
  })),
});

/**
 * The bytes that a signature is over: type and payload, each behind its length, so that neither can pass for
 * the other.
 * @see DSSE v1 protocol.md, PAE
 */
export function preAuthEncoding({
  payloadType,
  payload,
}: Pick<Envelope, "payloadType" | "payload">): Uint8Array {
  const type = Buffer.from(payloadType, "utf8");
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `),
    type,
    Buffer.from(` ${payload.length} `),
    payload,
  ]);
}

const malformed = (problem: string): VerificationError => new VerificationError("malformed", problem);
