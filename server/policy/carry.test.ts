import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { CedarType } from "../catalog/index.ts";
import { carry, carryArguments, decimalOf, LARGEST, scaled } from "./carry.ts";

const decimal: CedarType = { type: "Extension", name: "decimal" };
const carried = (value: unknown, type: CedarType) => carry(value, type, {});
const text = (value: unknown) =>
  (carried(value, decimal) as { __extn: { arg: string } } | undefined)?.__extn.arg;

test("a number becomes a decimal only where not a digit is lost", () => {
  assert.equal(text(5000), "5000.0");
  assert.equal(text(-0), "0.0");
  assert.equal(text(19.99), "19.99");
  assert.equal(text(-0.0001), "-0.0001");
  for (const value of [
    0.00001,
    5000.00001,
    0.1 + 0.2,
    1e21,
    1e-7,
    123456789012.5678,
    1e15,
    Number.NaN,
    "5",
  ]) {
    assert.equal(text(value), undefined, String(value));
  }
});

test("whatever decimal is carried reads back as the very number", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.double(),
        fc.integer(),
        fc.integer().map((n) => n / 10_000),
      ),
      (value) => {
        const written = text(value);
        if (written !== undefined) assert.equal(Number(written) - value, 0);
      },
    ),
  );
});

test("null, other types, mixed lists, unknown members and broken strings are left out", () => {
  const longs: CedarType = { type: "Set", element: { type: "Long" } };
  const record: CedarType = { type: "Record", attributes: { city: { type: "String" } } };
  for (const [value, type] of [
    [null, { type: "String" }],
    ["\ud800", { type: "String" }],
    [1.5, { type: "Long" }],
    [2 ** 53, { type: "Long" }],
    [[1, "2"], longs],
    [[1, null], longs],
    [{ 0: 1 }, longs],
    [{ city: "Bern", __extn: { fn: "ip", arg: "::1" } }, record],
    [["city"], record],
  ] as [unknown, CedarType][]) {
    assert.equal(carried(value, type), undefined, JSON.stringify(value));
  }
});

test("an argument cannot pass itself off as an entity or an extension value", () => {
  const type: CedarType = { type: "Record", attributes: { who: { type: "String" }, address: decimal } };
  const args = JSON.parse(
    '{"who":{"__entity":{"type":"Person","id":"x"}},"address":{"__extn":{}},"__proto__":{"a":1}}',
  );
  assert.deepEqual(carryArguments(args, type, {}), { args: {}, leftOut: ["who", "address", "__proto__"] });
});

test("a sum is written as the very decimal that it is, and never beyond the largest", () => {
  const written = (exact: bigint) => (decimalOf(exact) as { __extn: { arg: string } }).__extn.arg;
  const digits = fc.bigInt({ min: -LARGEST - 1n, max: LARGEST });
  fc.assert(
    fc.property(digits, (exact) => {
      const arg = written(exact);
      assert.match(arg, /^-?(0|[1-9]\d*)\.\d{1,4}$/);
      const [whole = "", places = ""] = arg.split(".");
      assert.equal(BigInt(whole + places.padEnd(4, "0")), exact);
    }),
  );
  assert.equal(written(0n), "0.0");
  assert.equal(written(-1n), "-0.0001");
  assert.equal(written(LARGEST + 1n), "922337203685477.5807");
  assert.equal(written(-LARGEST - 2n), "-922337203685477.5808");
});

test("a number is scaled as it is carried, or not at all", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.double(),
        fc.integer(),
        fc.integer().map((n) => n / 10_000),
      ),
      (value) => {
        const exact = scaled(value);
        const same = exact === undefined ? undefined : decimalOf(exact);
        const there = carried(value, decimal);
        assert.equal(same === undefined, there === undefined);
        if (same !== undefined)
          assert.equal(Number(text(value)), Number((same as { __extn: { arg: string } }).__extn.arg));
      },
    ),
  );
});
