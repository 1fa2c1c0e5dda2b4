/**
 * `npm run bench -- NAME`: runs one benchmark and ends with one line of JSON,
 * `{"bench":NAME,"ratio":…,…}`. Each file here exports `run(): Promise<Figures>`.
 */
import { readdirSync } from "node:fs";

/** What a benchmark found: `ratio` where it compares, medians of several runs, times in milliseconds. */
export type Figures = Record<string, number>;

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts") && file !== "run.ts")
  .map((file) => file.replace(/\.ts$/, ""));

const [name = ""] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(`Which benchmark? There are: ${names.join(", ")}`);
  process.exit(2);
}
const { run } = (await import(`./${name}.ts`)) as { run: () => Promise<Figures> };
console.log(JSON.stringify({ bench: name, ...(await run()) }));
