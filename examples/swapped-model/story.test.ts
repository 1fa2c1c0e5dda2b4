import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../quarterly-review/server-by-hand.ts";

const story = new URL("./story.ts", import.meta.url).pathname;
const skip = process.getuid?.() === 0 ? false : "only root can start processes of several users";

test("a model swapped under a running agent, its date set back, costs the agent its identity", {
  skip,
}, async () => {
  const told = run([story], {});
  assert.equal(await told.ended, 0, told.output());
  assert.match(told.output(), /model-changed\n/);
  assert.match(told.output(), /Everything above was checked\./);
});
