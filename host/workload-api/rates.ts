/** Whether one more is within somebody's rate. */
export type Rates = (of: number, now: number) => boolean;

/** How many buckets are kept before those that are full again are thrown away. */
const MANY = 1_024;

/**
 * So many a second for each, and at most so many at once after a silence: one who asks more is told to wait, and
 * nobody else notices.
 */
export function ratesOf(perSecond: number, burst: number): Rates {
  const buckets = new Map<number, { left: number; at: number }>();
  const leftAt = ({ left, at }: { left: number; at: number }, now: number): number =>
    Math.min(burst, left + (Math.max(0, now - at) * perSecond) / 1_000);

  return (of, now) => {
    if (buckets.size > MANY)
      for (const [one, bucket] of buckets) if (leftAt(bucket, now) >= burst) buckets.delete(one);
    const left = leftAt(buckets.get(of) ?? { left: burst, at: now }, now);
    buckets.set(of, { left: left >= 1 ? left - 1 : left, at: now });
    return left >= 1;
  };
}
