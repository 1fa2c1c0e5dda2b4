import { deflateSync, inflateSync } from "node:zlib";
import { decodeBase64url, encodeBase64url } from "../digest/index.ts";
import { orRefuse, VerificationError } from "../verification-error.ts";

/** How many bits a status takes. */
export type StatusBits = 1 | 2 | 4 | 8;

/** The statuses that the specification names. @see Token Status List §7.1 */
export const STATUS = { valid: 0, invalid: 1, suspended: 2 } as const;

/**
 * Statuses side by side, beginning at the least significant bit of each byte.
 *
 * @param size how many places the list has
 * @param set the places whose status is not 0; a place given twice gets both statuses' bits
 * @throws RangeError for a place outside the list, or a status that does not fit
 * @see Token Status List §4.1
 */
export function packStatuses(
  bits: StatusBits,
  size: number,
  set: Iterable<readonly [idx: number, status: number]>,
): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((size * bits) / 8));
  for (const [idx, status] of set) {
    const fits = Number.isInteger(idx) && idx >= 0 && idx < size && status >= 0 && status < 2 ** bits;
    if (!fits) throw new RangeError("no such place in the list, or no such status");
    const at = Math.floor((idx * bits) / 8);
    bytes[at] = (bytes[at] ?? 0) | (status << ((idx * bits) % 8));
  }
  return bytes;
}

/** The `lst` member: the bytes compressed as zlib does it, best, as base64url. */
export const encodeStatuses = (bytes: Uint8Array): string =>
  encodeBase64url(deflateSync(bytes, { level: 9 }));

/**
 * The bytes of an `lst` member.
 *
 * @param maxBytes the most that it may inflate to: a few kilobytes can claim to be gigabytes
 * @throws VerificationError `not-canonical`, `too-large`, `malformed`
 */
export function decodeStatuses(attackerLst: string, maxBytes: number): Uint8Array {
  const compressed = orRefuse("not-canonical", "lst", () => decodeBase64url(attackerLst));
  const { buffer, engine } = inflated(compressed, maxBytes);
  // What follows the end of the stream would be read by nobody, and make two texts of one list.
  if (engine.bytesWritten !== compressed.length)
    throw new VerificationError("malformed", "lst holds more than its list");
  return buffer;
}

function inflated(compressed: Uint8Array, maxBytes: number) {
  try {
    return inflateSync(compressed, { maxOutputLength: maxBytes, info: true }) as unknown as {
      buffer: Uint8Array;
      engine: { bytesWritten: number };
    };
  } catch (cause) {
    const bomb = (cause as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";
    throw new VerificationError(bomb ? "too-large" : "malformed", "lst cannot be inflated", { cause });
  }
}
