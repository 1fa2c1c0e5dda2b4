const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const notInAlphabet = 255;
const values = new Uint8Array(128).fill(notInAlphabet);
for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;

/** Node's own encoder, where there is one: worth its call for longer texts. */
const native = (globalThis as { Buffer?: typeof Buffer }).Buffer;
const longEnough = 96;

/**
 * Bytes as base64url without padding. This file imports nothing, so that it runs in a browser unchanged.
 *
 * @see RFC 4648 §5
 */
export function encodeBase64url(bytes: Uint8Array): string {
  if (native === undefined || bytes.length < longEnough) return encodePortably(bytes);
  return native.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

/** `encodeBase64url` with nothing but the language. */
export function encodePortably(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (at(bytes, i) << 16) | (at(bytes, i + 1) << 8) | at(bytes, i + 2);
    const characters = Math.min(bytes.length - i, 3) + 1;
    for (let c = 0; c < characters; c++) text += alphabet[(group >> (18 - 6 * c)) & 63];
  }
  return text;
}

/**
 * The bytes of a base64url text, for which this is the only text: padding, white space, foreign characters,
 * impossible lengths and bits set beyond the last byte are refused, because two texts for the same bytes
 * would let a signed thing appear under two names.
 *
 * @throws SyntaxError
 */
export function decodeBase64url(attackerText: string): Uint8Array<ArrayBuffer> {
  if (native === undefined || attackerText.length < longEnough) return decodePortably(attackerText);
  const bytes = native.from(attackerText, "base64url");
  // Node skips what it does not know; only the one text for these bytes comes out again.
  if (bytes.toString("base64url") !== attackerText) throw new SyntaxError("not base64url");
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** `decodeBase64url` with nothing but the language. */
export function decodePortably(attackerText: string): Uint8Array<ArrayBuffer> {
  const length = attackerText.length;
  if (length % 4 === 1) throw new SyntaxError("not base64url: impossible length");
  const bytes = new Uint8Array((length * 3) >> 2);
  // A foreign character's value has a bit above the six; one look at the end finds it.
  let seen = 0;
  let written = 0;
  for (let i = 0; i < length; i += 4) {
    const a = valueAt(attackerText, i);
    const b = valueAt(attackerText, i + 1);
    const c = valueAt(attackerText, i + 2);
    const d = valueAt(attackerText, i + 3);
    seen |= a | b | c | d;
    // Writing beyond the end of a typed array does nothing: the last group may be short.
    bytes[written++] = (a << 2) | (b >> 4);
    bytes[written++] = (b << 4) | (c >> 2);
    bytes[written++] = (c << 6) | d;
  }
  if (seen > 63) throw new SyntaxError("not base64url: foreign character");
  if (spareBits(attackerText) !== 0) throw new SyntaxError("not base64url: bits beyond the last byte");
  return bytes;
}

/** What the last character says beyond the last byte: four bits after one odd byte, two after two. */
function spareBits(text: string): number {
  const masks = [0, 0, 15, 3];
  return valueAt(text, text.length - 1) & (masks[text.length % 4] ?? 0);
}

/** The six bits of a character; 0 past the end, `notInAlphabet` for a foreign one. */
function valueAt(text: string, index: number): number {
  if (index >= text.length) return 0;
  const code = text.charCodeAt(index);
  return code < 128 ? (values[code] ?? notInAlphabet) : notInAlphabet;
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
