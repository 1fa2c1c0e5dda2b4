import type { Agent } from "./agent.ts";

type Version = Pick<Agent, "name" | "revision">;

/**
 * How many copies of each agent one change admits. With the first of them the agent's record moves, once for all; each
 * of the others only needs room besides those before it.
 */
export class Admissions {
  readonly #counts: Map<string, number>;

  constructor(counts: Iterable<readonly [string, number]> = []) {
    this.#counts = new Map(counts);
  }

  /** For a part of the change that may fail yet: what it admits counts only where its copy is gone on with. */
  copy(): Admissions {
    return new Admissions(this.#counts);
  }

  /** How many of exactly this record: another version of it has not moved in this change. */
  of(agent: Version): number {
    return this.#counts.get(keyOf(agent)) ?? 0;
  }

  add(agent: Version): void {
    this.#counts.set(keyOf(agent), this.of(agent) + 1);
  }
}

const keyOf = ({ name, revision }: Version): string => `${name} ${revision}`;
