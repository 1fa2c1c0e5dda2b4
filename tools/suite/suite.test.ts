import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { groupsOf, importsOf, isTests, touchesItsProcess, withHooks } from "./groups.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (path: string) => ({ path, source: readFileSync(join(ROOT, path), "utf8") });
const everything = globSync("{proof,cedar,host,server,sdk,cli,examples,tools,conformance}/**/*.ts", {
  cwd: ROOT,
  exclude: (path) => path.includes("node_modules"),
}).map(read);

/** Runs files in one process, as the suite does. */
function inOneProcess(files: Readonly<Record<string, string>>): { status: number | null; said: string } {
  const folder = mkdtempSync(join(tmpdir(), "suite-"));
  const door = JSON.stringify(pathToFileURL(join(import.meta.dirname, "file.ts")));
  const loads = Object.keys(files).map((name) => `testsOf("${name}", () => import("./${name}"));`);
  for (const [name, source] of Object.entries(files)) writeFileSync(join(folder, name), source);
  writeFileSync(join(folder, "entry.mjs"), `import { testsOf } from ${door};\n${loads.join("\n")}`);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const run = ["--test", "--test-reporter=tap", join(folder, "entry.mjs")];
  const { status, stdout } = spawnSync(process.execPath, run, { env, encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return { status, said: stdout };
}

const TEST = 'import { after, before, test } from "node:test";\n';

test("every test file is in exactly one group, the large ones first, and no group is too large", () => {
  const tests = everything.filter(isTests).map(({ path }) => path);
  assert.ok(tests.length > 300);
  const groups = groupsOf(everything);
  assert.deepEqual(groups.flat().sort(), tests.sort());
  const sizes = groups.map((group) => group.length);
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => b - a),
  );
  assert.ok(Math.max(...sizes) <= 18);
});

test("what touches its process has one to itself", () => {
  const touching = [
    'process.env.HOME = "/tmp";',
    "delete process.env.HOME;",
    "process.exitCode = 1;",
    'process.chdir("/");',
    "process.memoryUsage().rss;",
    't.mock.timers.enable({ apis: ["Date"] });',
    'mock.method(console, "log");',
    'readdirSync("/proc/self/fd");',
  ];
  for (const source of touching) assert.ok(touchesItsProcess({ path: "proof/a.test.ts", source }), source);
  assert.ok(touchesItsProcess({ path: "host/a.test.ts", source: "" }));
  for (const source of ["process.env.HOME === undefined;", "const { env } = process;"])
    assert.ok(!touchesItsProcess({ path: "proof/a.test.ts", source }), source);
});

test("so has what takes its hooks from a module that others import as well", () => {
  const uses = 'import { open } from "../fixture.ts";\n';
  const files = [
    { path: "proof/fixture.ts", source: 'import { after, type TestContext } from "node:test";' },
    { path: "proof/a/a.test.ts", source: uses },
    { path: "proof/a/b.test.ts", source: uses },
    { path: "proof/a/c.test.ts", source: "" },
    { path: "proof/d.test.ts", source: 'import { after } from "node:test";' },
  ];
  assert.deepEqual(groupsOf(files), [
    ["proof/a/c.test.ts", "proof/d.test.ts"],
    ["proof/a/a.test.ts"],
    ["proof/a/b.test.ts"],
  ]);
});

test("a module with hooks is imported by files of tests, where that is seen, and by nothing between", () => {
  const hooked = new Set(withHooks(everything).map(({ path }) => path));
  const between = everything.filter(
    (file) => !isTests(file) && importsOf(file).some((path) => hooked.has(path)),
  );
  assert.ok(hooked.size > 0);
  assert.deepEqual(between, []);
});

test("each file's hooks are for its own tests, and every test is counted", () => {
  const { status, said } = inOneProcess({
    "a.test.ts": `${TEST}await 0; globalThis.open = 0; before(() => globalThis.open++); after(() => globalThis.open--);
      test("a", () => { if (globalThis.open !== 1) throw new Error(); });`,
    "b.test.ts": `${TEST}test("b", () => { if (globalThis.open !== 0) throw new Error(); });\ntest("c", () => {});`,
  });
  assert.equal(status, 0, said);
  assert.match(said, /# tests 3\n/);
});

test("a file that cannot be loaded is a failed test, and so is one that fails beside it", () => {
  const { status, said } = inOneProcess({
    "a.test.ts": 'import "./nothing.ts";',
    "b.test.ts": `${TEST}test("b", () => { throw new Error(); });\ntest("c", () => {});`,
  });
  assert.equal(status, 1);
  assert.match(said, /# tests 3\n[\s\S]*# pass 1\n# fail 2\n/);
});

test("a file that leaves its process changed fails, whatever its tests say", () => {
  const leaving = [
    'process.env["LEFT"] = "1";',
    "globalThis.fetch = () => {};",
    "console.log = () => {};",
    "globalThis.Date = class {};",
  ];
  const file = (source: string): string => `${TEST}test("a", () => { ${source} });`;
  const files = leaving.map((source, index) => [`${index}.test.ts`, file(source)]);
  const { status, said } = inOneProcess({ ...Object.fromEntries(files), "good.test.ts": file("") });
  assert.equal(status, 1);
  assert.match(said, /# pass 5\n/);
  assert.equal(said.match(/failureType: 'hookFailed'/g)?.length, leaving.length);
});
