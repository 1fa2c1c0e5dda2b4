import assert from "node:assert/strict";
import { test } from "node:test";
import { cedarSchemaOf } from "../catalog/index.ts";
import { checkAgainst, validateAgainst } from "./check.ts";
import { checkInWorker, readInWorker, validateInWorker } from "./compile-worker-client.ts";
import { FORBID, mine, PERMIT } from "./fixture.ts";
import { readSet } from "./policy-set.ts";

const { schema } = cedarSchemaOf([]);
const many = Array.from({ length: 120 }, (_, n) => FORBID.replace("none", `none-${n}`)).join("\n");
const files = [...mine(PERMIT), { name: "many", text: many }];

test("what is read in the other thread is what is read in this one, in the same order", async () => {
  assert.deepEqual(await readInWorker(files), readSet(files));
});

test("what is checked in the other thread comes to the same problems, with their places", async () => {
  const broken = [...mine("permit (principal, action, resource)"), { name: "bad", text: many }];
  assert.deepEqual(await checkInWorker(broken, schema), checkAgainst(broken, schema));
  assert.ok((await checkInWorker(broken, schema)).length > 0);
});

test("what is validated in the other thread is validated without the tests", async () => {
  const failing = mine(PERMIT).map((file) => ({ ...file, tests: "tests: [{ name: no }]" }));
  assert.deepEqual(await validateInWorker(failing, schema), validateAgainst(failing, schema));
  assert.ok((await checkInWorker(failing, schema)).length > (await validateInWorker(failing, schema)).length);
});

test("many jobs at a time do not mix their parts", async () => {
  const sets = Array.from({ length: 6 }, (_, n) => [
    { name: `f${n}`, text: many.replaceAll("none-", `n${n}-`) },
  ]);
  const read = await Promise.all(sets.map(readInWorker));
  for (const [n, { policies }] of read.entries())
    assert.ok(policies.length === 120 && policies.every(({ id }) => id.startsWith(`n${n}-`)));
});

test("what cannot be read is refused, and the thread goes on", async () => {
  await assert.rejects(readInWorker(mine("permit")), /mine\.cedar:1/);
  assert.equal((await readInWorker(mine(PERMIT))).policies.length, 1);
});
