import { randomBytes } from "node:crypto";

/** Randomness as the rooms see it: handed in like the clock. */
export interface Random {
  /** @param length number of bytes */
  bytes(length: number): Uint8Array;
}

/** What is drawn at once: an id wants 16 bytes, and drawing those costs as much as drawing all of these. */
const DRAWN = 4_096;

/** The system's randomness. Nothing that was handed out stays here. */
export const systemRandom: Random = {
  bytes(length) {
    if (length > DRAWN / 8) return randomBytes(length);
    if (drawn.length < length) drawn = randomBytes(DRAWN);
    const bytes = Uint8Array.prototype.slice.call(drawn, 0, length);
    drawn.fill(0, 0, length);
    drawn = drawn.subarray(length);
    return bytes;
  },
};

let drawn: Buffer = Buffer.alloc(0);
