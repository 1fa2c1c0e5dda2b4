import assert from "node:assert/strict";
import { test } from "node:test";
import { createReplayMemory } from "./replay-memory.ts";

test("a proof is new once, and seen until it expires", () => {
  const memory = createReplayMemory(10);
  assert.equal(memory.note("a", 60_000, 0), "new");
  assert.equal(memory.note("a", 60_000, 59_999), "seen");
});

test("a full memory takes nothing more, rather than forget what could be sent again", () => {
  const memory = createReplayMemory(2);
  assert.equal(memory.note("a", 60_000, 0), "new");
  assert.equal(memory.note("b", 60_000, 0), "new");
  assert.equal(memory.note("c", 60_000, 30_000), "full");
  assert.equal(memory.note("a", 60_000, 30_000), "seen");
});

test("what has expired makes room", () => {
  const memory = createReplayMemory(1);
  memory.note("a", 60_000, 0);
  assert.equal(memory.note("b", 120_000, 60_000), "new");
});
