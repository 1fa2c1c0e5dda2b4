import { VerificationError } from "../verification-error.ts";

/** What the CBOR of credential keys and authenticator extensions is made of. */
export type Cbor = number | string | boolean | Uint8Array | Cbor[] | CborMap;

/** A map whose members are named by integers or texts. */
export type CborMap = Map<number | string, Cbor>;

const maximumDepth = 4;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads one CBOR item that fills all the bytes: integers, byte and text strings, arrays, maps, booleans.
 * Refused are indefinite lengths, lengths and integers written longer than needed, tags, floats, duplicate
 * members, and anything nested deeper than 4.
 *
 * @throws VerificationError `malformed`
 * @see RFC 8949 §4.2.1, CTAP2 canonical CBOR
 */
export function decodeCbor(attackerBytes: Uint8Array): Cbor {
  const reader = new Reader(attackerBytes);
  const item = reader.item(0);
  if (!reader.atEnd) throw malformed("bytes follow the item");
  return item;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  item(depth: number): Cbor {
    if (depth > maximumDepth) throw malformed("nested too deeply");
    const initial = this.#byte();
    const [major, info] = [initial >> 5, initial & 31];
    if (major === 7) return booleanOf(info);
    const argument = this.#argument(info);
    if (major === 0) return argument;
    if (major === 1) return -1 - argument;
    if (major === 2) return this.#take(argument);
    if (major === 3) return this.#text(argument);
    if (major === 4) return this.#array(argument, depth);
    if (major === 5) return this.#map(argument, depth);
    throw malformed("a tag");
  }

  #argument(info: number): number {
    if (info < 24) return info;
    const size = 2 ** (info - 24);
    if (size > 4) throw malformed("an integer of 64 bits, or an indefinite length");
    const value = this.#take(size).reduce((sum, byte) => sum * 256 + byte, 0);
    const shortest = size === 1 ? value >= 24 : value >= 256 ** (size / 2);
    if (!shortest) throw malformed("an integer written longer than needed");
    return value;
  }

  #text(length: number): string {
    try {
      return decoder.decode(this.#take(length));
    } catch (cause) {
      throw new VerificationError("malformed", "not CBOR: a text that is not UTF-8", { cause });
    }
  }

  #array(length: number, depth: number): Cbor[] {
    const items: Cbor[] = [];
    // Every item takes a byte at least: a length that lies runs out of bytes, not of memory.
    while (items.length < length) items.push(this.item(depth + 1));
    return items;
  }

  #map(length: number, depth: number): CborMap {
    const map: CborMap = new Map();
    while (map.size < length) {
      const member = this.item(depth + 1);
      if (typeof member !== "number" && typeof member !== "string") throw malformed("a member's name");
      if (map.has(member)) throw malformed("a member is there twice");
      map.set(member, this.item(depth + 1));
    }
    return map;
  }

  #byte(): number {
    return this.#take(1)[0] ?? 0;
  }

  #take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw malformed("the bytes end too early");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}

function booleanOf(info: number): boolean {
  if (info === 20 || info === 21) return info === 21;
  throw malformed("a simple value or a float");
}

function malformed(why: string): VerificationError {
  return new VerificationError("malformed", `not CBOR: ${why}`);
}
