import assert from "node:assert/strict";
import { it } from "node:test";
import { days, minutes } from "../lib/index.ts";
import { renewalTime } from "./renewal-time.ts";

it("a certificate is renewed when about two thirds of what is left are over, and never at once", () => {
  const now = 1_700_000_000_000;
  assert.equal(renewalTime(now + days(90), { now, chance: 0 }) - now, days(60));
  assert.equal(renewalTime(now + days(90), { now, chance: 1 }) - now, days(55.5));
  for (const left of [-days(1), 0, minutes(1)])
    for (const chance of [0, 0.5, 1])
      assert.equal(renewalTime(now + left, { now, chance }) - now, minutes(3), `${left}`);
});
