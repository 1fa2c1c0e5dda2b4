import { VerificationError } from "../verification-error.ts";

/** One value of ASN.1 in DER. */
export interface Der {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag, length and content, as they stand. */
  readonly raw: Uint8Array;
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  ia5: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The longest length that is read: nothing that is looked at here has 16 MiB. */
const MOST_LENGTH_BYTES = 3;

/**
 * Reads exactly one value: nothing may follow it. Where BER knows several ways to write something, only DER's
 * one is taken, so that what we read and what others read in the same bytes is the same.
 * @throws VerificationError `malformed`
 * @see X.690 §8.1, §10.1
 */
export function readDer(attackerBytes: Uint8Array): Der {
  const { value, next } = readAt(attackerBytes, 0);
  if (next !== attackerBytes.length) throw malformed("bytes follow the value");
  return value;
}

/** Reads a value of this tag that holds others: what it holds, in order. @throws VerificationError `malformed` */
export function partsOf(attackerValue: Der | undefined, tag: number = TAG.sequence): Der[] {
  const content = contentOf(attackerValue, tag);
  const parts: Der[] = [];
  for (let at = 0; at < content.length; ) {
    const { value, next } = readAt(content, at);
    parts.push(value);
    at = next;
  }
  return parts;
}

/** The content of a value that must be there and have this tag. @throws VerificationError `malformed` */
export function contentOf(attackerValue: Der | undefined, tag: number): Uint8Array {
  if (attackerValue?.tag === tag) return attackerValue.content;
  throw malformed(`a value of tag ${tag} is missing`);
}

/** @throws VerificationError `malformed` for anything but the two bytes that DER has for it */
export function readBoolean(attackerValue: Der): boolean {
  const [byte, ...more] = contentOf(attackerValue, TAG.boolean);
  if (more.length === 0 && (byte === 0x00 || byte === 0xff)) return byte === 0xff;
  throw malformed("a boolean is 00 or FF");
}

/** A whole number that is small and not negative. @throws VerificationError `malformed` */
export function readSmallInteger(attackerValue: Der): number {
  const [first = 0xff, ...more] = contentOf(attackerValue, TAG.integer);
  if (more.length === 0 && first < 0x80) return first;
  throw malformed("a small whole number is expected");
}

/** An object identifier in dots. @throws VerificationError `malformed` */
export function readOid(attackerValue: Der | undefined): string {
  const numbers: number[] = [];
  let number = 0;
  const content = contentOf(attackerValue, TAG.oid);
  for (const [i, byte] of content.entries()) {
    if (number === 0 && byte === 0x80) throw malformed("an object identifier is padded");
    number = number * 128 + (byte & 0x7f);
    if (number > 0xffff_ffff) throw malformed("an object identifier is too large");
    if (byte < 0x80) {
      numbers.push(number);
      number = 0;
    } else if (i === content.length - 1) throw malformed("an object identifier ends early");
  }
  const [first, ...rest] = numbers;
  if (first === undefined) throw malformed("an object identifier is empty");
  const arc = Math.min(2, Math.floor(first / 40));
  return [arc, first - arc * 40, ...rest].join(".");
}

/** The bits of a named list that are set, by their number. @throws VerificationError `malformed` */
export function readNamedBits(attackerValue: Der): ReadonlySet<number> {
  const [unused = 8, ...bytes] = contentOf(attackerValue, TAG.bitString);
  const last = bytes.at(-1);
  // DER leaves out trailing zeros of a named list, so its last bit is set.
  if (last === undefined ? unused !== 0 : unused > 7 || ((last >> unused) & 1) === 0)
    throw malformed("a list of named bits is not canonical");
  if (last !== undefined && (last & ((1 << unused) - 1)) !== 0) throw malformed("unused bits are set");
  const set = bytes.flatMap((byte, i) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => byte & (0x80 >> bit)).map((bit) => i * 8 + bit),
  );
  return new Set(set);
}

/** UTCTime or GeneralizedTime in the one form of RFC 5280 §4.1.2.5, as milliseconds since 1970. */
export function readTime(attackerValue: Der | undefined): number {
  const { tag, content } = attackerValue ?? { tag: 0, content: new Uint8Array() };
  const text = Buffer.from(content).toString("latin1");
  const short = tag === TAG.utcTime && /^\d{12}Z$/.test(text);
  if (!short && !(tag === TAG.generalizedTime && /^\d{14}Z$/.test(text)))
    throw malformed("a time is unreadable");
  const digits = short ? `${Number(text.slice(0, 2)) < 50 ? "20" : "19"}${text}` : text;
  const iso = digits.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6.000Z");
  const at = Date.parse(iso);
  if (Number.isNaN(at) || new Date(at).toISOString() !== iso) throw malformed("a time does not exist");
  return at;
}

function readAt(bytes: Uint8Array, at: number): { value: Der; next: number } {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag === undefined || first === undefined) throw malformed("a value ends early");
  if ((tag & 0x1f) === 0x1f) throw malformed("a tag is too large");
  const { length, header } = lengthAt(bytes, at + 1, first);
  const [start, next] = [at + 1 + header, at + 1 + header + length];
  if (next > bytes.length) throw malformed("a value is longer than what holds it");
  return { value: { tag, content: bytes.subarray(start, next), raw: bytes.subarray(at, next) }, next };
}

function lengthAt(bytes: Uint8Array, at: number, first: number): { length: number; header: number } {
  if (first < 0x80) return { length: first, header: 1 };
  const count = first & 0x7f;
  if (count === 0 || count > MOST_LENGTH_BYTES || at + count >= bytes.length)
    throw malformed("a length is unreadable");
  const digits = bytes.subarray(at + 1, at + 1 + count);
  const length = digits.reduce((sum, digit) => sum * 256 + digit, 0);
  if (digits[0] === 0 || length < 0x80) throw malformed("a length is not as short as it can be");
  return { length, header: 1 + count };
}

export const malformed = (problem: string): VerificationError => new VerificationError("malformed", problem);
