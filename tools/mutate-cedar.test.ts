import assert from "node:assert/strict";
import { test } from "node:test";
import { isEquivalent } from "./mutation/equivalent.ts";
import { mutantsOf } from "./mutation/mutants.ts";
import { everyMutant } from "./mutation/package.ts";
import { sampleOf } from "./mutation/sample.ts";
import { tryMutants } from "./mutation/trial.ts";

const SAMPLE = { count: 8, seed: 1, worlds: 200 };

const mistakesIn = (text: string): string[] => mutantsOf("f.ts", text).map(({ becomes }) => becomes);

test("comparisons, connectives, arithmetic, literals and negations are turned into others", () => {
  assert.deepEqual(mistakesIn("const a = b < c && d === 1;"), [
    "const a = b <= c && d === 1;",
    "const a = b > c && d === 1;",
    "const a = b < c || d === 1;",
    "const a = b < c && d !== 1;",
    "const a = b < c && d === 2;",
  ]);
  assert.deepEqual(mistakesIn("return !f(x + 2n, true);"), [
    "return f(x + 2n, true);",
    "return !f(x - 2n, true);",
    "return !f(x + 3n, true);",
    "return !f(x + 2n, false);",
  ]);
});

test("conditions are taken for granted, and refusals and steps are forgotten", () => {
  assert.deepEqual(mistakesIn("if (f(a)(b)) throw new Error(c);"), [
    "if (true) throw new Error(c);",
    "if (false) throw new Error(c);",
    "if (f(a)(b)) ;",
  ]);
  assert.deepEqual(mistakesIn("  continue;"), [";"]);
});

test("comments, texts, types and imports are left alone, for nothing runs them", () => {
  const inert = [
    'import { a } from "1 < 2";',
    "/** 1 < 2 && true */",
    "// if (true) continue;",
    "export interface A {\n  readonly a: true;\n}",
    "type B = 1 | true;",
    "const c = [`1 < 2`, \"true && 'false'\"];",
    "const d = x.match(/1 < 2 && [/] true/);",
  ];
  assert.deepEqual(mistakesIn(inert.join("\n")), []);
});

test("every file of the package that does something has room for mistakes", () => {
  const files = new Set(everyMutant().map(({ file }) => file.replace(/\/.*/, "")));
  for (const part of ["operators", "expression", "extension", "partial", "scope-index.ts", "parse.ts"]) {
    assert.ok(files.has(part), part);
  }
});

test("a sample of mistakes in the operators is noticed", { timeout: 240_000 }, async () => {
  const every = everyMutant("operators/").filter((mutant) => !isEquivalent(mutant));
  assert.ok(every.length >= 60);
  const mutants = sampleOf(every, SAMPLE.count, SAMPLE.seed);
  const survivors = await tryMutants({ mutants, jobs: 1, worlds: SAMPLE.worlds });
  assert.deepEqual(
    survivors.map(({ file, line, becomes }) => `${file}:${line} ${becomes}`),
    [],
  );
});
