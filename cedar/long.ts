/**
 * Cedar's `Long`: a signed 64-bit integer, as a JavaScript number while that is exact and as a bigint beyond.
 * Every Long is in this one form, so `===` is equality and `<` is order, also between the two.
 */
export type Long = number | bigint;

const least = -(2n ** 63n);
const greatest = 2n ** 63n - 1n;

/** Whether an integer fits into 64 bits. */
export function isLong(value: bigint): boolean {
  return value >= least && value <= greatest;
}

/** The canonical form of an integer that fits into 64 bits. */
export function longFrom(value: bigint): Long {
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) ? rounded : value;
}
