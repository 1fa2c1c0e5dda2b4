import { randomBytes } from "node:crypto";

/** Randomness as the rooms see it: handed in like the clock. */
export interface Random {
  /** @param length number of bytes */
  bytes(length: number): Uint8Array;
}

export const systemRandom: Random = { bytes: (length) => randomBytes(length) };
