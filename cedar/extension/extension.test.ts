import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EvaluationError } from "../error.ts";
import { Datetime, parseDatetime } from "./datetime.ts";
import { parseDecimal } from "./decimal.ts";
import { Duration, parseDuration } from "./duration.ts";
import { parseIpAddr } from "./ipaddr.ts";
import { datetimeTexts, decimalTexts, durationTexts, ipTexts } from "./texts.ts";

const kinds = [
  ["decimal", parseDecimal, decimalTexts],
  ["ip", parseIpAddr, ipTexts],
  ["datetime", parseDatetime, datetimeTexts],
  ["duration", parseDuration, durationTexts],
] as const;

for (const [name, parse, texts] of kinds) {
  test(`the text of a ${name} is one per value, and is read as that value`, () => {
    const pairs = fc.tuple(texts.good, texts.good);
    const law = fc.property(pairs, ([one, other]) => {
      const value = parse(one);
      const again = parse(other);
      assert.equal(`${value}` === `${again}`, value.equals(again));
      if (!`${value}`.includes("ms") || value instanceof Duration) assert.ok(parse(`${value}`).equals(value));
    });
    fc.assert(law, { numRuns: 300 });
  });

  test(`a ${name} that cannot be read is an error of the extension, and does not repeat what was written`, () => {
    const secret = "4111-1111 hunter2";
    assert.throws(
      () => parse(secret),
      (error) =>
        error instanceof EvaluationError && error.kind === "extension" && !/4111|hunter/.test(error.message),
    );
  });

  test(`a text of a million characters is refused as a ${name} without computing with it`, () => {
    const digits = "1".repeat(1_000_000);
    const zeros = "0".repeat(1_000_000);
    for (const text of [
      digits,
      `${digits}.0`,
      `1.${digits}`,
      `${digits}d`,
      `${zeros}1${zeros}ms`,
      ":".repeat(1_000_000),
    ]) {
      assert.throws(() => parse(text), EvaluationError);
    }
  });
}

test("values of different extension types are never equal", () => {
  const values = [
    parseDecimal("0.0"),
    parseDuration("0ms"),
    parseDatetime("1970-01-01"),
    parseIpAddr("0.0.0.0"),
  ];
  for (const one of values) for (const other of values) assert.equal(one.equals(other), one === other);
});

test("zero has no sign", () => {
  assert.ok(Object.is(parseDecimal("-0.0").units, 0));
  assert.ok(Object.is(parseDuration("-0d").ms, 0));
  assert.ok(Object.is(parseDatetime("1969-12-31").toTime().ms, 0));
  assert.ok(Object.is(parseDuration("-1ms").toSeconds(), 0));
});

test("a moment that no text can name has a text of its own", () => {
  const year10000 = parseDatetime("9999-12-31T23:59:59.999Z").offset(new Duration(1));
  assert.equal(`${year10000}`, "1970-01-01+253402300800000ms");
  assert.equal(`${parseDatetime("0000-01-01").offset(new Duration(-1))}`, "1970-01-01-62167219200001ms");
  assert.equal(`${parseDatetime("0000-01-01")}`, "0000-01-01T00:00:00.000Z");
  assert.equal(`${new Datetime(-(2n ** 63n))}`, "1970-01-01-9223372036854775808ms");
});
