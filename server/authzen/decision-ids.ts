import { type Clock, ID_ALPHABET, type Random, timePart } from "../lib/index.ts";

const LETTERS = Buffer.from(ID_ALPHABET);
const CHANCE = 16;
/** Letters of chance that are drawn at once: for 256 ids. */
const DRAWN = 256 * CHANCE;

/**
 * Makes the ids of decisions: the same as `newId` makes, for tens of thousands a second. Chance is drawn for
 * many at once, and the time is written anew only when it has moved.
 */
export class DecisionIds {
  readonly #deps: { readonly clock: Clock; readonly random: Random };
  #chance = "";
  #next = 0;
  #at = Number.NaN;
  #prefix = "";

  constructor(deps: { readonly clock: Clock; readonly random: Random }) {
    this.#deps = deps;
  }

  /** @param now milliseconds since the epoch */
  next(now: number): string {
    if (now !== this.#at) {
      this.#at = now;
      this.#prefix = `decision_${timePart(now)}`;
    }
    if (this.#next === this.#chance.length) {
      this.#chance = letters(this.#deps.random.bytes(DRAWN));
      this.#next = 0;
    }
    const from = this.#next;
    this.#next += CHANCE;
    return this.#prefix + this.#chance.slice(from, this.#next);
  }
}

const letters = (chance: Uint8Array): string =>
  Buffer.from(chance.map((byte) => LETTERS[byte & 31] ?? 0)).toString("latin1");
