import { decodeBase64url } from "../digest/index.ts";
import type { Json } from "../jcs/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";

/** A coordinate on P-256: exactly 32 bytes, leading zeros included. */
export function coordinate(attackerValue: Json | undefined): string {
  return bytesOf(attackerValue, 32).text;
}

const edwardsPrime = 2n ** 255n - 19n;
const orderEight = BigInt("0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7");
/** The y of the eight points on which a signature by nobody verifies. Their signs do not matter. */
const smallOrder = new Set([0n, 1n, edwardsPrime - 1n, orderEight, edwardsPrime - orderEight]);

/** An Ed25519 public key: 32 bytes, in the point's one canonical encoding, and no point of small order. */
export function edwardsPoint(attackerValue: Json | undefined): string {
  const { text, bytes } = bytesOf(attackerValue, 32);
  const y = BigInt.asUintN(255, toBigInt(bytes.reverse()));
  if (y >= edwardsPrime || smallOrder.has(y)) throw new VerificationError("malformed", "a weak Ed25519 key");
  return text;
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
