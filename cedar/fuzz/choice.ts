import type { Random } from "fast-check";

/** Draws from fast-check's own source of chance, so that its seed gives the same world again. */
export class Choice {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** An integer from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return this.#random.nextInt(min, max);
  }

  bigint(min: bigint, max: bigint): bigint {
    return this.#random.nextBigInt(min, max);
  }

  /** True in `percent` of a hundred. */
  chance(percent: number): boolean {
    return this.#random.nextInt(0, 99) < percent;
  }

  one<T>(items: readonly T[]): T {
    const picked = items[this.int(0, items.length - 1)];
    if (picked === undefined) throw new RangeError("there is nothing to choose from");
    return picked;
  }

  /** From `min` to `max` items, each drawn anew. */
  many<T>(min: number, max: number, draw: () => T): T[] {
    return Array.from({ length: this.int(min, max) }, draw);
  }

  /** Some of these, in their order, each with the same chance. */
  some<T>(items: readonly T[], percent: number): T[] {
    return items.filter(() => this.chance(percent));
  }

  /** One of several ways to draw, each as often as its weight says. */
  weighted<T>(ways: readonly (readonly [weight: number, draw: () => T])[]): T {
    let left = this.int(
      1,
      ways.reduce((sum, [weight]) => sum + weight, 0),
    );
    for (const [weight, draw] of ways) {
      left -= weight;
      if (left <= 0) return draw();
    }
    throw new RangeError("there is nothing to choose from");
  }
}
