import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "./turns.ts";

test("work that was given up before its turn is never begun, and what was under way is undone once", async () => {
  const turns = new Turns(5);
  const slow = Promise.withResolvers<string>();
  const [begun, undone]: [string[], string[]] = [[], []];
  const first = turns.take(
    () => slow.promise,
    (made) => void undone.push(made),
  );
  const second = turns.take(async () => void begun.push("second"));
  await assert.rejects(first, /too long/);
  await assert.rejects(second, /too long/);
  slow.resolve("a pair");
  await turns.idle();
  assert.deepEqual([begun, undone], [[], ["a pair"]]);
});

test("work is done in the order of asking, whatever came of what was before, and is not undone when it was in time", async () => {
  const turns = new Turns(60_000);
  const done: number[] = [];
  const undo = (): void => assert.fail("undone");
  const failing = turns.take(() => Promise.reject(new Error("no")), undo);
  const others = [1, 2].map((each) => turns.take(async () => done.push(each), undo));
  await assert.rejects(failing, /no/);
  await Promise.all(others);
  assert.deepEqual(done, [1, 2]);
});
