import { isIPv6 } from "node:net";
import { Fault, seconds } from "../lib/index.ts";
import type { RateClass } from "./endpoint.ts";

/** A bucket's size, and how many tokens come back a second. */
const LIMITS: Record<RateClass, { burst: number; perSecond: number }> = {
  "sign-in": { burst: 120, perSecond: 2 },
  token: { burst: 4_000, perSecond: 2_000 },
  read: { burst: 4_000, perSecond: 2_000 },
  write: { burst: 4_000, perSecond: 2_000 },
  feed: { burst: 200, perSecond: 20 },
  page: { burst: 500, perSecond: 50 },
  // Enforcement points ask about every call they guard.
  decision: { burst: 200_000, perSecond: 100_000 },
};

const MOST_BUCKETS = 10_000;

interface Bucket {
  tokens: number;
  at: number;
  /** When it was put behind the others. */
  placed: number;
}

/**
 * Token buckets per network source and class, in this process: against floods and guessing, not as a
 * quota. The buckets of the least recent sources are forgotten first.
 */
export class RateLimiter {
  readonly #buckets = new Map<string, Bucket>();

  /**
   * @param weight as how many requests it counts; what weighs more than the bucket holds needs a full one
   * @throws Fault `rate-limited`
   */
  take(now: number, rate: RateClass, source: string, weight = 1): void {
    const { burst, perSecond } = LIMITS[rate];
    const bucket = this.#bucket(now, `${rate} ${networkOf(source)}`, burst);
    const filled = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) * perSecond) / 1000);
    const taken = Math.min(weight, burst);
    bucket.tokens = Math.max(0, filled - taken);
    bucket.at = now;
    if (filled < taken)
      throw new Fault("rate-limited", "Too many requests from here.", {
        remedy: "Wait a little, then try again.",
      });
  }

  /** The least recent stand first; a second more or less makes no difference to who is forgotten. */
  #bucket(now: number, key: string, burst: number): Bucket {
    const known = this.#buckets.get(key);
    if (known !== undefined && Math.abs(now - known.placed) < seconds(1)) return known;
    const bucket = known ?? { tokens: burst, at: now, placed: now };
    bucket.placed = now;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > MOST_BUCKETS) this.#forgetOldest();
    return bucket;
  }

  #forgetOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      return;
    }
  }
}

/** Each so many bytes of a body beyond the first count as one more request. */
const BYTES_OF_ONE = 16 * 1024;

/** As how many requests a body counts besides the one that it came with. @param length in bytes or, less exactly, characters */
export const weightOfBody = (length: number): number => Math.floor(length / BYTES_OF_ONE);

/**
 * What counts as one source: an IPv4 address, or the /64 of an IPv6 address, for whoever has one address of it
 * has all of them.
 */
export function networkOf(source: string): string {
  if (!source.includes(":") || !isIPv6(source)) return source;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(source)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = source.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array<string>(8 - before.length - after.length).fill("0");
  return `${[...before, ...zeros, ...after].slice(0, 4).join(":")}::/64`;
}
