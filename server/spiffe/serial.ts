import type { Random } from "../lib/index.ts";

const BYTES = 16;

/** A serial number: 126 random bits, positive, and never shorter than its 16 bytes. @see RFC 5280 §4.1.2.2 */
export function newSerial({ random }: { random: Random }): Uint8Array {
  const serial = Uint8Array.from(random.bytes(BYTES));
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

export const serialText = (serial: Uint8Array): string => Buffer.from(serial).toString("hex");
