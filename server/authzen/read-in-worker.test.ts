import assert from "node:assert/strict";
import { test } from "node:test";
import { identify } from "./application.ts";
import { definitionOf } from "./fixture.ts";
import { readInWorker } from "./read-in-worker.ts";
import { applicationContent } from "./stored-application.ts";

const definition = definitionOf(['permit (principal, action == Action::"read", resource);']);

test("what was found right comes with its identity and as it will rest", async () => {
  const found = await readInWorker(definition);
  assert.ok("read" in found);
  assert.deepEqual(found.identity, identify(definition));
  assert.equal(new TextDecoder().decode(found.content), applicationContent(definition, found.read));
});

test("only so many definitions wait to be checked, and the others are told to come again", async () => {
  const settled = await Promise.allSettled(Array.from({ length: 20 }, () => readInWorker(definition)));
  const codes = settled.map((one) => (one.status === "fulfilled" ? "read" : one.reason.code));
  assert.deepEqual(codes, [...Array(8).fill("read"), ...Array(12).fill("busy")]);
  assert.ok("read" in (await readInWorker(definition)), "and then there is room again");
});
