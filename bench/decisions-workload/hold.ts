/** Compiles and stores as much as it is told, and says in JSON what that holds. Run with `--expose-gc`. */
import assert from "node:assert/strict";
import { compile, readEntities } from "@countersign/cedar";
import { policies } from "./policies.ts";
import { document, type EntityJson, questions, user } from "./requests.ts";

const [policyCount = 0, entityCount = 0] = process.argv.slice(2).map(Number);

const empty = occupied();
const set = compile({ policies: policies(policyCount) });
const withPolicies = occupied();
const store = readEntities(entities(entityCount));
const withEntities = occupied();

const [question] = questions(policyCount);
assert.equal(set.size, policyCount);
if (question !== undefined) set.decide(question.request as never, store);
console.log(
  JSON.stringify({
    policyBytes: withPolicies - empty,
    entityBytes: withEntities - withPolicies,
    heapBytes: withEntities,
    residentBytes: process.memoryUsage().rss,
  }),
);

/** Half people, half documents. */
function entities(count: number): EntityJson[] {
  return Array.from({ length: count }, (_, i) => {
    const person = { type: "User", id: `user${i}` };
    const owner = { type: "User", id: `user${i - 1}` };
    return i % 2 === 0 ? user(person, i) : document({ type: "Document", id: `document${i}` }, owner, i);
  });
}

/** Bytes in use once everything that can go has gone. */
function occupied(): number {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc");
  for (let i = 0; i < 3; i++) globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
