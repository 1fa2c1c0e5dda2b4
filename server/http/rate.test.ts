import assert from "node:assert/strict";
import { test } from "node:test";
import { networkOf, RateLimiter } from "./rate.ts";

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

test("what weighs more uses more up, and what is heavier than everything needs a rested source", () => {
  const rates = new RateLimiter();
  rates.take(0, "sign-in", "192.0.2.1", SIGN_INS - 1);
  rates.take(0, "sign-in", "192.0.2.1");
  assert.throws(() => rates.take(0, "sign-in", "192.0.2.1"), limited);
  assert.throws(() => rates.take(2_000, "sign-in", "192.0.2.1", 10_000), limited);
  rates.take(62_000, "sign-in", "192.0.2.1", 10_000);
  assert.throws(() => rates.take(62_000, "sign-in", "192.0.2.1"), limited);
});

test("a clock that is set back gives nothing away", () => {
  const rates = exhausted();
  assert.throws(() => rates.take(-3_600_000, "sign-in", "192.0.2.1"), limited);
});

test("whoever has a network of IPv6 addresses is one source", () => {
  const one = "2001:db8:1:2::/64";
  for (const address of ["2001:db8:1:2::1", "2001:db8:1:2:ffff:0:0:9", "2001:db8:1:2:3::"]) {
    assert.equal(networkOf(address), one);
  }
  assert.notEqual(networkOf("2001:db8:1:3::1"), one);
  assert.deepEqual(["192.0.2.1", "::ffff:192.0.2.1", "::1"].map(networkOf), [
    "192.0.2.1",
    "192.0.2.1",
    "0:0:0:0::/64",
  ]);
});
