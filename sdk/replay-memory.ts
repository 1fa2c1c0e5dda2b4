/** Remembers one-time proofs until they are stale by themselves. */
export interface ReplayMemory {
  /**
   * Notes a proof.
   *
   * @param key what identifies it
   * @param expiresAt milliseconds since 1970; from then on it is refused for its age
   * @returns `seen` if it was noted before; `full` if there is no room to remember it, so that it must not
   *   count: forgetting an older one early would let that one count twice
   */
  note(key: string, expiresAt: number, now: number): "new" | "seen" | "full";
}

/** @param limit how many proofs are remembered at most */
export function createReplayMemory(limit: number): ReplayMemory {
  const expiries = new Map<string, number>();
  let nextSweep = 0;
  return {
    note(key, expiresAt, now) {
      if (now >= nextSweep) nextSweep = sweep(expiries, now);
      if (expiries.has(key)) return "seen";
      if (expiries.size >= limit) return "full";
      expiries.set(key, expiresAt);
      return "new";
    },
  };
}

const sweepEvery = 1_000;

function sweep(expiries: Map<string, number>, now: number): number {
  for (const [key, expiresAt] of expiries) if (expiresAt <= now) expiries.delete(key);
  return now + sweepEvery;
}
