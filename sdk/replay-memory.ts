/** Remembers one-time proofs until they are stale by themselves. */
export interface ReplayMemory {
  /**
   * Notes a proof. A sender who leaves no room for others loses its own: what is forgotten of it early does not count
   * again, because of that sender nothing counts any more that expires as soon.
   *
   * @param sender who has proven to have made it, or whom it was made for
   * @param key what identifies it among all of this sender's
   * @param expiresAt milliseconds since 1970; from then on it is refused for its age
   * @returns `seen` if it was noted before; `full` if it cannot be remembered, or may have been noted and forgotten,
   *   so that it must not count
   */
  note(sender: string, key: string, expiresAt: number, now: number): "new" | "seen" | "full";
}

interface Sender {
  /** When each expires. */
  readonly proofs: Map<string, number>;
  /** What expires no later than this may be among what was forgotten. */
  floor: number;
}

/**
 * @param limit how many proofs and senders are remembered at most, together. Whoever has less than a quarter of what
 *   the largest sender has always finds room.
 */
export function createReplayMemory(limit: number): ReplayMemory {
  const senders = new Map<string, Sender>();
  const sizes = createSizes();
  let held = 0;
  let nextSweep = 0;

  function resized(sender: Sender, before: number): void {
    held += sender.proofs.size - before;
    sizes.move(sender, before);
  }

  function sweep(now: number): void {
    for (const [id, sender] of senders) {
      const before = sender.proofs.size;
      for (const [key, expiresAt] of sender.proofs) if (expiresAt <= now) sender.proofs.delete(key);
      resized(sender, before);
      if (sender.proofs.size > 0 || sender.floor > now) continue;
      senders.delete(id);
      held--;
    }
    nextSweep = now + sweepEvery;
  }

  /** Takes the room of the largest sender, where that is much more than is wanted of it. */
  function makeRoom(wanted: number): boolean {
    const largest = sizes.largest();
    if (largest === undefined || largest.proofs.size < 2 * wanted) return false;
    const before = largest.proofs.size;
    for (const expiresAt of largest.proofs.values()) largest.floor = Math.max(largest.floor, expiresAt);
    largest.proofs.clear();
    resized(largest, before);
    return true;
  }

  function senderOf(id: string): Sender {
    const made: Sender = { proofs: new Map(), floor: 0 };
    senders.set(id, made);
    held++;
    return made;
  }

  return {
    note(id, key, expiresAt, now) {
      if (now >= nextSweep) sweep(now);
      const known = senders.get(id);
      if (known?.proofs.has(key)) return "seen";
      if (known !== undefined && expiresAt <= known.floor) return "full";
      const before = known?.proofs.size ?? 0;
      const needs = known === undefined ? 2 : 1;
      if (held + needs > limit && !makeRoom(before + needs)) return "full";
      const sender = known ?? senderOf(id);
      sender.proofs.set(key, expiresAt);
      resized(sender, before);
      return "new";
    },
  };
}

const sweepEvery = 1_000;

/** Senders by the power of two that they have reached, so that one of the largest is found without looking at all. */
function createSizes() {
  const classes: Set<Sender>[] = Array.from({ length: 33 }, () => new Set());
  const classOf = (size: number): number => 32 - Math.clz32(size);
  return {
    move(sender: Sender, before: number): void {
      const after = classOf(sender.proofs.size);
      if (after === classOf(before)) return;
      classes[classOf(before)]?.delete(sender);
      if (after > 0) classes[after]?.add(sender);
    },
    /** Nobody has twice as many. */
    largest(): Sender | undefined {
      const filled = classes.findLast(({ size }) => size > 0);
      return filled?.values().next().value;
    },
  };
}
