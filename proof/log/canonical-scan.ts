import { isUtf8 } from "#native";
import { maximumDepth } from "../jcs/index.ts";

const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** What a scan of a part gives instead of its end when the part is not canonical. */
const refused = -1;

/** Integers of so many digits are safe, and are canonical however they are written without a leading zero. */
const safeDigits = 15;

const numberCharacters = /^[-+.0-9e]$/;
const literals = ["true", "false", "null"].map((text) => new TextEncoder().encode(text));
const controlEscape = /^\\(?:["\\bfnrt]|u00(?:0[0-7be-f]|1[0-9a-f]))/;
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const idMember = new TextEncoder().encode('"id"');

/**
 * Whether the bytes are the canonical text of a JSON object with an `id` that is a text and not empty. It
 * says what reading the entry and writing it again would say (a property test holds the two together), in
 * one pass over the bytes that makes no objects: verifying a log of millions of events rests on it.
 *
 * @see RFC 8785
 */
export function isEventEntry(attackerBytes: Uint8Array): boolean {
  if (attackerBytes[0] !== openBrace || !isUtf8(attackerBytes)) return false;
  const scan = new Scan(attackerBytes);
  return scan.object(0, 1) === attackerBytes.length && scan.hasId;
}

class Scan {
  readonly #bytes: Uint8Array;
  hasId = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** All scans are given the place where their part begins, and give the place behind its end. */
  object(start: number, depth: number): number {
    if (this.#bytes[start + 1] === closeBrace) return start + 2;
    let [earlier, earlierEnd] = [refused, refused];
    for (let at = start + 1; ; at++) {
      const end = this.#string(at);
      if (end === refused || this.#bytes[end] !== colon) return refused;
      // Strictly rising names are sorted, and none is there twice.
      if (earlier !== refused && !this.#isBefore(earlier, earlierEnd, at, end)) return refused;
      const next = this.#value(end + 1, depth);
      if (depth === 1 && this.#isId(at, end) && this.#isText(end + 1, next)) this.hasId = true;
      if (next === refused || this.#bytes[next] !== comma) return this.#closed(next, closeBrace);
      [earlier, earlierEnd, at] = [at, end, next];
    }
  }

  #array(start: number, depth: number): number {
    if (this.#bytes[start + 1] === closeBracket) return start + 2;
    for (let at = start + 1; ; at++) {
      at = this.#value(at, depth);
      if (at === refused || this.#bytes[at] !== comma) return this.#closed(at, closeBracket);
    }
  }

  #closed(at: number, close: number): number {
    return at !== refused && this.#bytes[at] === close ? at + 1 : refused;
  }

  #value(at: number, depth: number): number {
    const first = this.#bytes[at];
    if (first === quote) return this.#string(at);
    if (first === openBrace) return depth < maximumDepth ? this.object(at, depth + 1) : refused;
    if (first === openBracket) return depth < maximumDepth ? this.#array(at, depth + 1) : refused;
    if (first === minus || isDigit(first)) return this.#number(at);
    return this.#literal(at);
  }

  #string(start: number): number {
    const bytes = this.#bytes;
    if (bytes[start] !== quote) return refused;
    for (let at = start + 1; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === quote) return at + 1;
      if (byte < 0x20) return refused;
      if (byte === backslash) {
        const sequence = controlEscape.exec(this.#text(at, at + 6))?.[0];
        if (sequence === undefined) return refused;
        at += sequence.length - 1;
      }
    }
    return refused;
  }

  #number(start: number): number {
    const bytes = this.#bytes;
    const digits = bytes[start] === minus ? start + 1 : start;
    let at = digits;
    while (isDigit(bytes[at])) at++;
    const isShortInteger = at > digits && at - digits <= safeDigits && !this.#isNumberCharacter(at);
    if (isShortInteger) return bytes[digits] !== zero || start + 1 === at ? at : refused;
    while (this.#isNumberCharacter(at)) at++;
    const text = this.#text(start, at);
    const number = Number(text);
    const isSafe = Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number));
    return isSafe && String(number) === text ? at : refused;
  }

  #literal(at: number): number {
    const found = literals.find((literal) => literal.every((byte, i) => byte === this.#bytes[at + i]));
    return found === undefined ? refused : at + found.length;
  }

  /** Whether one member's name sorts before another's, by UTF-16 code units. */
  #isBefore(a: number, aEnd: number, b: number, bEnd: number): boolean {
    const bytes = this.#bytes;
    for (let i = 1; a + i < aEnd && b + i < bEnd; i++) {
      const [x = 0, y = 0] = [bytes[a + i], bytes[b + i]];
      if (x >= 0x80 || y >= 0x80 || x === backslash || y === backslash) {
        return this.#name(a, aEnd) < this.#name(b, bEnd);
      }
      // The closing quote ends the shorter name, which sorts first.
      if (x !== y) return x === quote || (y !== quote && x < y);
    }
    return false;
  }

  #name(start: number, end: number): string {
    return JSON.parse(this.#text(start, end)) as string;
  }

  #isId(start: number, end: number): boolean {
    return end - start === idMember.length && idMember.every((byte, i) => byte === this.#bytes[start + i]);
  }

  #isText(start: number, end: number): boolean {
    return this.#bytes[start] === quote && end - start > 2;
  }

  #isNumberCharacter(at: number): boolean {
    const byte = this.#bytes[at];
    return byte !== undefined && numberCharacters.test(String.fromCharCode(byte));
  }

  #text(start: number, end: number): string {
    return utf8.decode(this.#bytes.subarray(start, end));
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= nine;
}
