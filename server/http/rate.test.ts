import assert from "node:assert/strict";
import { test } from "node:test";
import { RateLimiter } from "./rate.ts";

const SIGN_INS = 120;
const limited = { code: "rate-limited" };

function exhausted(): RateLimiter {
  const rates = new RateLimiter();
  for (let i = 0; i < SIGN_INS; i++) rates.take(0, "sign-in", "192.0.2.1");
  return rates;
}

test("a source that asks too often is refused until time has passed", () => {
  const rates = exhausted();
  assert.throws(() => rates.take(0, "sign-in", "192.0.2.1"), limited);
  rates.take(2_000, "sign-in", "192.0.2.1");
});

test("a source that goes on asking is not let in the sooner", () => {
  const rates = exhausted();
  for (let now = 0; now < 400; now += 20) {
    assert.throws(() => rates.take(now, "sign-in", "192.0.2.1"), limited);
  }
  rates.take(2_000, "sign-in", "192.0.2.1");
});

test("one source's flood costs another source, and another class, nothing", () => {
  const rates = exhausted();
  rates.take(0, "sign-in", "192.0.2.2");
  rates.take(0, "token", "192.0.2.1");
});

test("a clock that is set back gives nothing away", () => {
  const rates = exhausted();
  assert.throws(() => rates.take(-3_600_000, "sign-in", "192.0.2.1"), limited);
});
