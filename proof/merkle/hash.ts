import { sha256 } from "../digest/index.ts";

/** The bytes in a SHA-256 hash, and so in every hash of a tree. */
export const hashSize = 32;

const leafPrefix = 0x00;
const nodePrefix = 0x01;

/** Nodes of a tree are hashed in one place of memory: there are as many of them as entries. */
const nodeInput = new Uint8Array(1 + 2 * hashSize);

/** Entries too, as long as they may be in a bundle. */
const leafInput = new Uint8Array(1 + 65_535);

/**
 * The hash of an entry: SHA-256(0x00 ‖ entry). The prefix keeps an entry from passing for a node.
 *
 * @see RFC 6962 §2.1
 */
export function leafHash(entry: Uint8Array): Uint8Array {
  const size = 1 + entry.length;
  const input = size <= leafInput.length ? leafInput.subarray(0, size) : new Uint8Array(size);
  input[0] = leafPrefix;
  input.set(entry, 1);
  return sha256(input);
}

/**
 * The hash of a node: SHA-256(0x01 ‖ left ‖ right).
 *
 * @see RFC 6962 §2.1
 */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const size = 1 + left.length + right.length;
  const input = size === nodeInput.length ? nodeInput : new Uint8Array(size);
  input[0] = nodePrefix;
  input.set(left, 1);
  input.set(right, 1 + left.length);
  return sha256(input);
}

/**
 * The root of a tree without entries: SHA-256 of nothing.
 *
 * @see RFC 6962 §2.1
 */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array());
}

/** Whether two hashes are the same bytes. Hashes of a public log are no secrets: time is not hidden. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
