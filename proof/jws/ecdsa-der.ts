const sequence = 0x30;
const integer = 0x02;
const size = 32;

/**
 * An ECDSA signature on P-256 as OpenSSL has it, from r and s of 32 bytes each.
 *
 * @see RFC 3279 §2.2.3, X.690 §8.3
 */
export function toDer(attackerSignature: Uint8Array): Uint8Array {
  const [r, s] = [startOf(attackerSignature, 0), startOf(attackerSignature, size)];
  const der = new Uint8Array(
    6 + lengthFrom(attackerSignature, r, size) + lengthFrom(attackerSignature, s, 2 * size),
  );
  der[0] = sequence;
  der[1] = der.length - 2;
  const next = writeInteger(der, 2, attackerSignature, r, size);
  writeInteger(der, next, attackerSignature, s, 2 * size);
  return der;
}

/** r and s of 32 bytes each, from a signature that OpenSSL has made. */
export function fromDer(der: Uint8Array): Uint8Array {
  const signature = new Uint8Array(2 * size);
  const lengthOfR = der[3] ?? 0;
  const lengthOfS = der[5 + lengthOfR] ?? 0;
  copyEnd(signature, size, der, 4, lengthOfR);
  copyEnd(signature, 2 * size, der, 6 + lengthOfR, lengthOfS);
  return signature;
}

/** Where a number's first byte that counts is: all zeros but the last are left out. */
function startOf(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < from + size - 1 && bytes[at] === 0) at++;
  return at;
}

/** A first byte with its highest bit set would be a sign: a zero goes before it. */
const isHigh = (bytes: Uint8Array, at: number): boolean => (bytes[at] ?? 0) >= 0x80;

const lengthFrom = (bytes: Uint8Array, start: number, end: number): number =>
  end - start + (isHigh(bytes, start) ? 1 : 0);

function writeInteger(der: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  const length = lengthFrom(bytes, start, end);
  der[at] = integer;
  der[at + 1] = length;
  der.set(bytes.subarray(start, end), at + 2 + length - (end - start));
  return at + 2 + length;
}

/** Copies a number so that it ends at `end`; what it has more than 32 bytes is a leading zero. */
function copyEnd(to: Uint8Array, end: number, der: Uint8Array, from: number, length: number): void {
  const bytes = Math.min(length, size);
  to.set(der.subarray(from + length - bytes, from + length), end - bytes);
}
