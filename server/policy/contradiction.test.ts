import assert from "node:assert/strict";
import { test } from "node:test";
import type { FactDeclaration, FactType } from "../catalog/index.ts";
import { compareWithFacts } from "./contradiction.ts";

const declared = (type: FactType): FactDeclaration[] => [
  { name: "owed", type, url: "https://erp.example/", pointer: "", equals: "amount" },
  { name: "other", type, url: "https://erp.example/", pointer: "" },
];
const compare = (fact: unknown, argument: unknown, type: FactType = "number") =>
  compareWithFacts(declared(type), { owed: fact as never }, { amount: argument });
const pair = [{ argument: "amount", fact: "owed" }];

test("an argument that says something else than its fact is named, and one that says the same is not", () => {
  assert.deepEqual(compare(5000, 5000), { contradicted: [], unchecked: [] });
  assert.deepEqual(compare(5000, 50_000).contradicted, pair);
  assert.deepEqual(compare("a", "b", "string").contradicted, pair);
});

test("nothing that only looks the same counts as the same", () => {
  for (const [fact, argument] of [
    [5000, "5000"],
    ["5", 5],
    [true, "true"],
    [0, null],
    [0, false],
    ["a", ["a"]],
  ])
    assert.deepEqual(compare(fact, argument).contradicted, pair);
});

test("a list of texts is a set; anything else in its place is another", () => {
  assert.deepEqual(compare(["a", "b"], ["b", "a", "a"], "string[]").contradicted, []);
  for (const other of [["a"], ["a", "b", 1], "a,b", { 0: "a", 1: "b" }, ["a", "b", "\ud800"]])
    assert.deepEqual(compare(["a", "b"], other, "string[]").contradicted, pair);
});

test("where the fact is not known the argument is unchecked; where the argument is not given nothing is", () => {
  const facts = declared("number");
  assert.deepEqual(compareWithFacts(facts, {}, { amount: 5 }), { contradicted: [], unchecked: pair });
  assert.deepEqual(compareWithFacts(facts, { owed: 5 }, {}), { contradicted: [], unchecked: [] });
  const inherited = Object.create({ owed: 5 }) as Record<string, never>;
  assert.deepEqual(compareWithFacts(facts, inherited, { amount: 5 }).unchecked, pair);
});
