import { writeFileSync } from "node:fs";
import { serialize } from "node:v8";
import { sample } from "fast-check";
import { type AnsweredWorld, answer } from "../../cedar/fuzz/answered-world.ts";
import { tables, worldOf } from "../../cedar/fuzz/operator-table.ts";
import type { World } from "../../cedar/fuzz/world.ts";
import { worlds } from "../../cedar/fuzz/worlds.ts";

/** Few requests each: a mistake shows in another policy set sooner than in another request to the same. */
const REQUESTS_PER_WORLD = 4;
const SEED = 20_260;

/** The same worlds every time. */
export const drawnWorlds = (count: number, form: World["form"]): World[] =>
  sample(worlds(REQUESTS_PER_WORLD), { numRuns: count, seed: SEED }).map((world) => ({ ...world, form }));

/** Every operator on values of every type. */
export const listedWorlds = (): World[] => tables().map(worldOf);

/** Asks the oracle once, so that no mistake has to be tried with it running. */
export function writeAnswers(file: string, asked: readonly World[]): void {
  const answered = asked.map((world): AnsweredWorld | undefined => answer(world));
  writeFileSync(file, serialize(answered.filter((each) => each !== undefined)));
}
