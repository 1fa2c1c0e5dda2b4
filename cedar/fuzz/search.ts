import { check, property } from "fast-check";
import { answer } from "./answered-world.ts";
import { difference } from "./difference.ts";
import { readTexts } from "./read-texts.ts";
import type { World } from "./world.ts";
import { worlds } from "./worlds.ts";

/** A case is one policy set and one request; many requests share one set, because parsing it is the dearest. */
const REQUESTS_PER_WORLD = 8;

export interface Search {
  readonly cases: number;
  /** The same seed draws the same cases. */
  readonly seed: number;
  /** Told after every world how many cases were compared. */
  readonly onProgress?: (compared: number) => void;
}

export interface Found {
  /** Cases in which both answered. */
  readonly compared: number;
  /** Cases that the oracle took for malformed: there is nothing to compare with. */
  readonly refused: number;
  /** The first difference, made as small as it could be. */
  readonly difference?: string;
}

/** Looks for a case in which our engine answers otherwise than cedar-wasm. */
export function search({ cases, seed, onProgress }: Search): Found {
  let compared = 0;
  let refused = 0;
  const same = (world: World): void => {
    const answered = answer(world);
    const known = answered?.answers.filter((each) => each !== undefined).length ?? 0;
    compared += known;
    refused += world.requests.length - known;
    onProgress?.(compared);
    const found = answered === undefined ? undefined : difference(answered, readTexts);
    if (found !== undefined) throw new Difference(found);
  };
  const numRuns = Math.ceil(cases / REQUESTS_PER_WORLD);
  const { errorInstance } = check(property(worlds(REQUESTS_PER_WORLD), same), { numRuns, seed });
  if (errorInstance === null || errorInstance === undefined) return { compared, refused };
  if (!(errorInstance instanceof Difference)) throw errorInstance;
  return { compared, refused, difference: errorInstance.message };
}

class Difference extends Error {}
