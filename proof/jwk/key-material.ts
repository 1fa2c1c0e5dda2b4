import { decodeBase64url, encodeBase64url } from "../digest/index.ts";
import type { Json } from "../jcs/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";

/** A coordinate on P-256: exactly 32 bytes, leading zeros included. */
export function coordinate(attackerValue: Json | undefined): string {
  return bytesOf(attackerValue, 32).text;
}

/**
 * The y of the eight points on which a signature by nobody verifies, in their canonical encodings with the
 * sign of x left out: 0, 1, the two of order eight, and the prime less one.
 */
const smallOrder = new Set([
  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU",
  "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o",
  "7P_______________________________________38",
]);

/** An Ed25519 public key: 32 bytes, in the point's one canonical encoding, and no point of small order. */
export function edwardsPoint(attackerValue: Json | undefined): string {
  const { text, bytes } = bytesOf(attackerValue, 32);
  bytes[31] = (bytes[31] ?? 0) & 0x7f;
  if (isBeyondPrime(bytes) || smallOrder.has(encodeBase64url(bytes))) {
    throw new VerificationError("malformed", "a weak Ed25519 key");
  }
  return text;
}

/** Whether a number of 255 bits, little-endian, is 2^255 - 19 or more: ed, then ff throughout, then 7f. */
function isBeyondPrime(bytes: Uint8Array): boolean {
  if (bytes[31] !== 0x7f || (bytes[0] ?? 0) < 0xed) return false;
  return bytes.subarray(1, 31).every((byte) => byte === 0xff);
}

/** An RSA modulus: 2048 to 4096 bits, odd, no leading zero byte, not from a broken generator. */
export function rsaModulus(attackerValue: Json | undefined): string {
  const { text, bytes } = bytesOf(attackerValue);
  // 2048 bits are 256 bytes whose first bit is set; 257 bytes and more are above anyhow.
  const first = bytes[0] ?? 0;
  const size = bytes.length <= 512 && (bytes.length > 256 || (bytes.length === 256 && first >= 0x80));
  if (!size || first === 0)
    throw new VerificationError("malformed", "an RSA key must have 2048 to 4096 bits");
  const modulus = toBigInt(bytes);
  if (modulus % 2n === 0n || isRoca(modulus)) throw new VerificationError("malformed", "a weak RSA key");
  return text;
}

/**
 * Infineon's generator made primes whose residues are powers of 65537 modulo every small prime, and such a
 * modulus can be factored.
 *
 * @see CVE-2017-15361 (ROCA)
 */
function isRoca(modulus: bigint): boolean {
  return rocaPrimes.every((prime) => powersOf65537(prime).has(Number(modulus % BigInt(prime))));
}

/** Primes of which 65537 does not reach every residue. All agree by chance for one sound key in 2^27. */
const rocaPrimes = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

function powersOf65537(prime: number): Set<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * (65537 % prime)) % prime) powers.add(power);
  return powers;
}

function bytesOf(attackerValue: Json | undefined, length?: number): { text: string; bytes: Uint8Array } {
  if (typeof attackerValue !== "string" || attackerValue.length > 1024) {
    throw new VerificationError("malformed", "a JWK member must be a string of base64url");
  }
  const bytes = orRefuse("not-canonical", "a JWK member", () => decodeBase64url(attackerValue));
  if (length !== undefined && bytes.length !== length) {
    throw new VerificationError("malformed", `a JWK member must hold ${length} bytes`);
  }
  return { text: attackerValue, bytes };
}

function toBigInt(bytes: Uint8Array): bigint {
  let hex = "0x0";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return BigInt(hex);
}
