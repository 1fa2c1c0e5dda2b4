/** So many of these, the same ones for the same seed, spread evenly over them all. */
export function sampleOf<T>(items: readonly T[], count: number, seed: number): T[] {
  const stride = items.length / Math.min(count, items.length);
  const offset = (seed * 0.618) % 1;
  return Array.from(
    { length: Math.min(count, items.length) },
    (_, i) => items[Math.floor((i + offset) * stride)],
  ).filter((item) => item !== undefined);
}
