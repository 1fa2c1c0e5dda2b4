import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { amountMoved } from "./amount.ts";

const euros = { argument: "amount", currency: "EUR" };
const said = { argument: "amount", currency: { argument: "currency" } };

test("an amount is read to the last digit, from integers and other numbers alike", () => {
  const value = (amount: unknown) => amountMoved(euros, { amount }).amount?.value;
  assert.equal(value(5000), 50_000_000n);
  assert.equal(value(5000.01), 50_000_100n);
  assert.equal(value(0.0001), 1n);
  assert.equal(value(0), 0n);
  assert.deepEqual(amountMoved(euros, { amount: 5 }).amount, { value: 50_000n, currency: "EUR" });
});

test("what is not exact, negative or no number is no amount, and the arguments are still named", () => {
  for (const amount of [0.00001, 1e21, 0.1 + 0.2, -1, -0.5, "5", null, [5], { value: 5 }, true]) {
    assert.deepEqual(amountMoved(euros, { amount }), { amountFrom: ["amount"] }, JSON.stringify(amount));
  }
  assert.deepEqual(amountMoved(euros, {}), { amountFrom: ["amount"] });
  assert.deepEqual(amountMoved(undefined, { amount: 5 }), {});
});

test("a currency that an argument says counts only in its one writing", () => {
  const amountFrom = ["amount", "currency"];
  const currency = (text: unknown) => amountMoved(said, { amount: 5, currency: text });
  assert.deepEqual(currency("CHF"), { amountFrom, amount: { value: 50_000n, currency: "CHF" } });
  for (const other of ["chf", "CHF ", "", "EURO", 5, null, ["CHF"], "__proto__"])
    assert.deepEqual(currency(other), { amountFrom });
});

test("arguments that an object inherits are none", () => {
  const inherited = Object.create({ amount: 5 }) as Record<string, unknown>;
  assert.deepEqual(amountMoved(euros, inherited), { amountFrom: ["amount"] });
  assert.equal(amountMoved({ argument: "__proto__", currency: "EUR" }, { amount: 5 }).amount, undefined);
});

test("no arguments make it throw", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.anything()), (args) => void amountMoved(said, args)));
});
