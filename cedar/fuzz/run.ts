/** `npm run fuzz -- --cases N --seed S`: looks for differences for as long as N cases take, and shows the first. */
import { parseArgs } from "node:util";
import { search } from "./search.ts";
import { newSeed } from "./seed.ts";

const { values } = parseArgs({
  options: { cases: { type: "string", default: "1000000" }, seed: { type: "string" } },
});
const cases = Number(values.cases);
const seed = values.seed === undefined ? newSeed() : Number(values.seed);
if (!Number.isSafeInteger(cases) || cases < 1 || !Number.isInteger(seed)) {
  process.stderr.write("--cases takes a number of cases, --seed an integer\n");
  process.exit(2);
}

say(`seed ${seed}, ${cases} cases`);
const begun = performance.now();
const found = search({ cases, seed, onProgress });
say(`${found.compared} cases compared, ${found.refused} malformed for the oracle`);
if (found.difference !== undefined) {
  say(`${found.difference}\nagain: npm run fuzz -- --cases ${cases} --seed ${seed}`);
  process.exit(1);
}

function onProgress(compared: number): void {
  if (compared % 100_000 !== 0) return;
  const seconds = Math.round((performance.now() - begun) / 1000);
  say(`${compared} cases in ${seconds} s, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MB`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
