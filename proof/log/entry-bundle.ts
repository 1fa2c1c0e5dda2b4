import { VerificationError } from "../verification-error.ts";

/** An entry may not be longer: its length is written in two bytes. */
export const maximumEntrySize = 65_535;

const prefixSize = 2;

/**
 * Entries as a bundle: each behind its length, two bytes, big end first.
 *
 * @throws RangeError for an entry of more than 65,535 bytes: log a digest of it
 * @see C2SP tlog-tiles
 */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.some((entry) => entry.length > maximumEntrySize)) throw new RangeError("an entry is too long");
  const size = entries.reduce((sum, entry) => sum + prefixSize + entry.length, 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const entry of entries) {
    view.setUint16(at, entry.length);
    bytes.set(entry, at + prefixSize);
    at += prefixSize + entry.length;
  }
  return bytes;
}

/** The entries that can be read from the front of a bundle, and whether bytes are left that are no entry. */
export function readEntryBundle(attackerBytes: Uint8Array): { entries: Uint8Array[]; torn: boolean } {
  const view = new DataView(attackerBytes.buffer, attackerBytes.byteOffset, attackerBytes.byteLength);
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at + prefixSize <= attackerBytes.length) {
    const end = at + prefixSize + view.getUint16(at);
    if (end > attackerBytes.length) break;
    entries.push(attackerBytes.subarray(at + prefixSize, end));
    at = end;
  }
  return { entries, torn: at !== attackerBytes.length };
}

/**
 * The entries of a bundle.
 *
 * @throws VerificationError `malformed` when the bytes do not end where an entry ends
 * @see C2SP tlog-tiles
 */
export function decodeEntryBundle(attackerBytes: Uint8Array): Uint8Array[] {
  const { entries, torn } = readEntryBundle(attackerBytes);
  if (torn) throw new VerificationError("malformed", "the bundle ends within an entry");
  return entries;
}
