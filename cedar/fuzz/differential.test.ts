import assert from "node:assert/strict";
import { test } from "node:test";
import { search } from "./search.ts";
import { newSeed } from "./seed.ts";

const CASES = Number(process.env.COUNTERSIGN_FUZZ_CASES ?? 20_000);
const given = process.env.COUNTERSIGN_FUZZ_SEED;
const seed = given === undefined ? newSeed() : Number(given);

test(`${CASES} drawn cases are answered as cedar-wasm answers them`, (context) => {
  context.diagnostic(`COUNTERSIGN_FUZZ_SEED=${seed}`);
  const { difference, compared, refused } = search({ cases: CASES, seed });
  assert.equal(difference, undefined, `COUNTERSIGN_FUZZ_SEED=${seed}\n${difference}`);
  assert.ok(compared >= CASES * 0.99, `${refused} of the cases were malformed: nothing was compared`);
});
