import { TAG } from "./der.ts";

/** One value of ASN.1 in DER, from its tag and what it holds. @see X.690 §10.1 */
export function derOf(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Uint8Array.of(tag, ...lengthOf(length)), ...parts]);
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  if (length < 0x100) return [0x81, length];
  if (length < 0x10000) return [0x82, length >> 8, length & 0xff];
  return [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
}

export const sequenceOf = (...parts: readonly Uint8Array[]): Uint8Array => derOf(TAG.sequence, ...parts);

/** An object identifier, from its dots. @see X.690 §8.19 */
export function oidOf(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return derOf(TAG.oid, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128Of)));
}

function base128Of(number: number): number[] {
  const digits = [number & 0x7f];
  for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128))
    digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

/** A whole number that is not negative, from its bytes: as short as it can be, and with its sign's bit clear. */
export function integerOf(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  const short = first < 0 ? Uint8Array.of(0) : bytes.subarray(first);
  const negative = (short[0] ?? 0) >= 0x80;
  return negative ? derOf(TAG.integer, Uint8Array.of(0), short) : derOf(TAG.integer, short);
}

/** Text of which each letter is a byte. */
export const textOf = (tag: number, text: string): Uint8Array => derOf(tag, Buffer.from(text, "latin1"));

/** Bytes as a string of bits, none of them unused. */
export const bitsOf = (bytes: Uint8Array): Uint8Array => derOf(TAG.bitString, Uint8Array.of(0), bytes);

/** A named list of bits, trailing zeros left out. @param bits numbers of those that are set, from 0 to 7 */
export function namedBitsOf(...bits: readonly number[]): Uint8Array {
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  return derOf(TAG.bitString, Uint8Array.of(7 - Math.max(...bits), byte));
}

/**
 * A time in the one form that RFC 5280 has for it: until 2049 with two digits for the year, from then on with four.
 * @param at milliseconds since the epoch; what is less than a second is cut off
 * @see RFC 5280 §4.1.2.5
 */
export function timeOf(at: number): Uint8Array {
  const digits = `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}Z`;
  return digits < "2050" ? textOf(TAG.utcTime, digits.slice(2)) : textOf(TAG.generalizedTime, digits);
}
