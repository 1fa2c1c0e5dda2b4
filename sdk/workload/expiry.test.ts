import assert from "node:assert/strict";
import { test } from "node:test";
import { whenOneExpires } from "./expiry.ts";
import type { X509State } from "./x509-state.ts";

const stateOf = (...times: number[]): Pick<X509State, "svids"> => ({
  svids: times.map((expires) => ({ expires })) as never,
});

test("whoever listens is told when an SVID runs out, of each once, however long that takes", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000 });
  const told: number[] = [];
  const far = 1_000 + 2 ** 31 + 5_000;
  whenOneExpires(stateOf(3_000, 2_000, 3_000, 500, far), () => told.push(Date.now()));
  for (let seconds = 0; seconds < 5; seconds++) t.mock.timers.tick(500);
  assert.deepEqual(told, [2_000, 3_000]);
  t.mock.timers.tick(2 ** 31 - 1);
  t.mock.timers.tick(10_000);
  assert.equal(told.length, 3);
  assert.ok((told[2] ?? 0) >= far);
});

test("who has another state by then is told nothing of this one", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
  const stop = whenOneExpires(stateOf(1_000), () => assert.fail("told"));
  stop();
  t.mock.timers.tick(2_000);
});
