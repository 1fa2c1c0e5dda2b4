/** What an authenticator has to say in CBOR: small integers, text, bytes and maps, in the order given. */
export type Cbor = number | string | Uint8Array | ReadonlyMap<number | string, Cbor>;

/**
 * Encodes a value with definite lengths and the shortest heads.
 * @see RFC 8949 §3
 */
export function encodeCbor(value: Cbor): Buffer {
  if (typeof value === "number") return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === "string")
    return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  const members = [...value].flatMap(([key, member]) => [encodeCbor(key), encodeCbor(member)]);
  return Buffer.concat([head(5, value.size), ...members]);
}

function head(major: number, length: number): Buffer {
  const type = major << 5;
  if (length < 24) return Buffer.from([type | length]);
  if (length < 0x100) return Buffer.from([type | 24, length]);
  if (length < 0x10000) return Buffer.from([type | 25, length >> 8, length & 0xff]);
  throw new RangeError("an authenticator has nothing to say that is this long");
}
