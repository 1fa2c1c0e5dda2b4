import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), "utf8");

/** Words that begin a test or a block of them. */
const WORDS = "test|it|describe|promise";

interface Cited {
  readonly file: string;
  /** The test's name, after those of the blocks it stands in. */
  readonly names: readonly string[];
}

/** Each `` `file` › block › test `` at the end of a row. */
const citedIn = (page: string): Cited[] =>
  [...page.matchAll(/\| `([^`]+\.test\.ts)` › ([^|]+) \|$/gm)].map(([, file = "", cited = ""]) => ({
    file,
    names: cited.split(" › "),
  }));

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

const declares = (source: string, name: string): boolean =>
  new RegExp(`\\b(?:(?:${WORDS})\\(|testSuite\\(\\s*"[a-z-]+",)\\s*"${literal(name)}",?`).test(source);

const exists = ({ file, names }: Cited): boolean => {
  const source = read(file);
  return names.every((name) => declares(source, name));
};

test("the promises are numbered one after the other, and each names its test", () => {
  const page = read("docs/invariants.md");
  const rows = page.split("\n").filter((line) => /^\| \d/.test(line));
  const numbers = rows.map((row) => Number(/^\| (\d+) \|/.exec(row)?.[1]));
  assert.deepEqual(
    numbers,
    rows.map((_, index) => index + 1),
  );
  assert.equal(citedIn(page).length, rows.length);
  assert.ok(rows.length > 60);
});

for (const document of ["docs/invariants.md", "docs/conformance.md", "docs/attacks.md"]) {
  test(`each test that ${document} cites exists, in the file and under the name that it says`, () => {
    const cited = citedIn(read(document));
    assert.ok(cited.length > 30);
    assert.deepEqual(
      cited.filter((citation) => !exists(citation)),
      [],
    );
  });
}
