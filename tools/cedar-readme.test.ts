import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { openReadme, runProgram } from "./readme.ts";

const readme = openReadme("cedar");
after(() => readme.remove());

const PACKAGE = new URL("../cedar/", import.meta.url);

test("the programs that cedar/README.md shows compile", () => {
  assert.equal(readme.problems(), "");
});

test("decide.ts denies for the forbid, and names the permit that did not count", async () => {
  const said = await runProgram(readme.path("decide.ts")).rest();
  assert.deepEqual(said, ["deny large-needs-lead members-read"]);
});

test("search.ts says where to look, and completes the residual", async () => {
  const [where = "", decision] = await runProgram(readme.path("search.ts")).rest();
  assert.match(where, /"public".*"q3"|"q3".*"public"/);
  assert.equal(decision, "allow");
});

test("each test that cedar/README.md cites exists, in the file and under the name that it says", () => {
  const page = readFileSync(new URL("README.md", PACKAGE), "utf8");
  const cited = [...page.matchAll(/\| `([^`]+\.test\.ts)` › `?([^|`]+)`? \|$/gm)];
  assert.ok(cited.length > 10);
  const missing = cited.filter(([, file = "", name = ""]) => {
    const source = readFileSync(new URL(file, PACKAGE), "utf8");
    return !source.includes(`"${name}"`) && !source.includes(`\`${name}\``);
  });
  assert.deepEqual(
    missing.map(([row]) => row),
    [],
  );
});
