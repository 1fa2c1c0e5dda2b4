import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Mutant, mutantsOf } from "./mutants.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const PACKAGE = `${ROOT}cedar`;
export const MODULES = `${ROOT}node_modules`;

/** What proves the package, and therefore is not itself what is broken. */
const PROOF = /(?:^|\/)(?:fuzz|oracle|conformance)\/|\.test\.ts$|ask-oracle|extension\/texts|\.readme-/;
/** Tests that take long and find what the recorded answers find, and those of the proof itself. */
const SLOW = /differential\.test\.ts$|^conformance\/|^fuzz\/|^oracle\//;

const files = (): string[] => globSync("**/*.ts", { cwd: PACKAGE }).sort();

/** Every mistake in every file whose path contains `part`. */
export function everyMutant(part = ""): Mutant[] {
  return files()
    .filter((file) => !PROOF.test(file) && file.includes(part))
    .flatMap((file) => mutantsOf(file, readFileSync(`${PACKAGE}/${file}`, "utf8")));
}

export const quickTests = (): string[] =>
  files().filter((file) => file.endsWith(".test.ts") && !SLOW.test(file));
