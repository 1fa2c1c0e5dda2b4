/** What a process that runs several test files does with each of them. */
import { after, before, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";

/**
 * Loads a file's tests as a suite of its own, so that its hooks are for its tests alone. What cannot be loaded
 * counts as a test that failed. The suite fails when the file leaves its process changed.
 */
export function testsOf(file: string, load: () => Promise<unknown>): void {
  describe(file, async () => {
    let found = standing();
    // First of its hooks: all files of a process are loaded before the first of them runs.
    before(() => {
      found = standing();
    });
    await load().catch((error: unknown) => {
      test("loads", () => {
        throw error;
      });
    });
    // Last of them, when the file has tidied up.
    after(() => unchanged(file, found));
  });
}

type Standing = Readonly<Record<string, unknown>>;

/** What every file of a process sees, and none may leave changed for the next. */
const standing = (): Standing => ({
  "process.env": { ...process.env },
  "process.cwd()": process.cwd(),
  "process.exitCode": process.exitCode,
  fetch: globalThis.fetch,
  Date: globalThis.Date,
  setTimeout: globalThis.setTimeout,
  "console.log": console.log,
});

/** Says what has changed by its name: the environment has secrets. */
function unchanged(file: string, found: Standing): void {
  const changed = Object.entries(standing()).filter(([name, now]) => !isDeepStrictEqual(now, found[name]));
  if (changed.length > 0) throw new Error(`${file} leaves changed: ${changed.map(([name]) => name)}`);
}
