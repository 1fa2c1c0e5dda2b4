/**
 * `node tools/mutate-cedar.ts [--only PART] [--sample N --seed S] [--worlds N] [--jobs N]`: puts one mistake at a
 * time into a copy of @countersign/cedar and runs its tests. A mistake that nothing notices is printed, and the
 * exit code is 1: there a test is missing, or `mutation/equivalent.ts` has to say why it is none.
 */
import { parseArgs } from "node:util";
import { isEquivalent, unusedEquivalents } from "./mutation/equivalent.ts";
import type { Mutant } from "./mutation/mutants.ts";
import { everyMutant } from "./mutation/package.ts";
import { sampleOf } from "./mutation/sample.ts";
import { tryMutants } from "./mutation/trial.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    worlds: { type: "string", default: "4000" },
    jobs: { type: "string", default: "2" },
  },
});

const every = everyMutant(values.only);
const all = every.filter((mutant) => !isEquivalent(mutant));
const mutants = values.sample === undefined ? all : sampleOf(all, Number(values.sample), Number(values.seed));
const show = ({ file, line, becomes }: Mutant): string => `${file}:${line}  ${becomes}`;

console.log(`${mutants.length} mistakes; ${every.length - all.length} more are known to change no answer`);
if (values.only === "")
  for (const stale of unusedEquivalents(every)) console.log(`listed, but not there: ${stale}`);
let tried = 0;
const survivors = await tryMutants({
  mutants,
  jobs: Number(values.jobs),
  worlds: Number(values.worlds),
  onTried(mutant, noticed) {
    tried += 1;
    if (!noticed) console.log(`${tried}/${mutants.length} NOT NOTICED  ${show(mutant)}`);
  },
});
console.log(`${mutants.length - survivors.length} of ${mutants.length} mistakes are noticed`);
process.exitCode = survivors.length === 0 ? 0 : 1;
