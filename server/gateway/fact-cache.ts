import type { Json } from "@countersign/proof/jcs";

/** Values by what they were found by: a pointer and a type. What is not there is `undefined`. */
export type FoundValues = ReadonlyMap<string, Json | undefined>;

interface Found {
  readonly at: number;
  readonly values: FoundValues;
}

/**
 * What was found out lately: the values alone, by URL, so that it stays small whatever is answered. The
 * oldest entry makes room for a new one.
 */
export class FactCache {
  readonly #found = new Map<string, Found>();
  readonly #most: number;

  /** @param most URLs remembered */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * @param now milliseconds since the epoch
   * @param stands how long a finding stands, in milliseconds. One from the future does not
   */
  get(url: string, now: number, stands: number): FoundValues | undefined {
    const found = this.#found.get(url);
    const age = found === undefined ? -1 : now - found.at;
    return age >= 0 && age < stands ? found?.values : undefined;
  }

  /** Remembers what was found at one time; earlier findings at this URL are forgotten. */
  put(url: string, at: number, values: FoundValues): void {
    this.#found.delete(url);
    this.#found.set(url, { at, values });
    const [oldest] = this.#found.keys();
    if (this.#found.size > this.#most && oldest !== undefined) this.#found.delete(oldest);
  }
}
