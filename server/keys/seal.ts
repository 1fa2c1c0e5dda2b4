import { createCipheriv, createDecipheriv } from "node:crypto";
import { decodeBase64url, encodeBase64url } from "@countersign/proof/digest";
import type { Random } from "../lib/index.ts";
import type { EnvelopeKey } from "./key.ts";
import { ENVELOPE_KID_BYTES } from "./key-file.ts";

/**
 * What is sealed: one byte of version, the key's id (12 bytes), the nonce (12), the ciphertext, the tag
 * (16). Version and key id are authenticated with the caller's own words.
 */
const VERSION = 1;
const HEADER = 1 + ENVELOPE_KID_BYTES;
const NONCE = 12;
const TAG = 16;
const CIPHER = "aes-256-gcm";

/**
 * Encrypts under an envelope key, with a random nonce: good for 2^32 messages per key, far beyond what a
 * key seals in its period.
 * @param aad what the bytes belong to; opening them elsewhere fails
 * @see NIST SP 800-38D §8.2.2
 */
export function sealWith(key: EnvelopeKey, random: Random, bytes: Uint8Array, aad: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(HEADER + NONCE + bytes.length + TAG);
  sealed[0] = VERSION;
  sealed.set(decodeBase64url(key.kid), 1);
  const nonce = random.bytes(NONCE);
  sealed.set(nonce, HEADER);
  const cipher = createCipheriv(CIPHER, key.secret, nonce, { authTagLength: TAG });
  cipher.setAAD(Buffer.concat([sealed.subarray(0, HEADER), aad]));
  sealed.set(cipher.update(bytes), HEADER + NONCE);
  cipher.final(); // GCM pads nothing: all of it came before
  sealed.set(cipher.getAuthTag(), HEADER + NONCE + bytes.length);
  return sealed;
}

/** The id of the key under which this was sealed; undefined when it was not sealed by us. */
export function sealedUnder(sealed: Uint8Array): string | undefined {
  if (sealed.length < HEADER + NONCE + TAG || sealed[0] !== VERSION) return undefined;
  return encodeBase64url(sealed.subarray(1, HEADER));
}

/** Decrypts what `sealedUnder` has found to be this key's. Throws when bytes or `aad` are not the sealed ones. */
export function openWith(key: EnvelopeKey, sealed: Uint8Array, aad: Uint8Array): Uint8Array {
  const nonce = sealed.subarray(HEADER, HEADER + NONCE);
  const decipher = createDecipheriv(CIPHER, key.secret, nonce, { authTagLength: TAG });
  decipher.setAAD(Buffer.concat([sealed.subarray(0, HEADER), aad]));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
  const ciphertext = sealed.subarray(HEADER + NONCE, sealed.length - TAG);
  return new Uint8Array(Buffer.concat([decipher.update(ciphertext), decipher.final()]));
}
