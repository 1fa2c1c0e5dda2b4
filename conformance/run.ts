/** `npm run conformance -- SUITE [--long]`: one suite against servers of its own, and one line of result. */
import { runSuite } from "./report.ts";
import { suites } from "./suites.ts";

const [name = "", ...flags] = process.argv.slice(2);
const load = suites.get(name);
if (load === undefined || flags.some((flag) => flag !== "--long")) {
  console.error(`Usage: npm run conformance -- (${[...suites.keys()].join("|")}) [--long]`);
  process.exit(2);
}
const tell = (line: string): void => console.log(line);
const { failures: _, ...outcome } = await runSuite(name, await load(), { long: flags.length > 0, tell });
console.log(JSON.stringify(outcome));
process.exitCode = outcome.failed > 0 ? 1 : 0;
