import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EvaluationError } from "../error.ts";
import { askOracle, type Expression } from "./ask-oracle.ts";
import { type Datetime, parseDatetime } from "./datetime.ts";
import { type Decimal, parseDecimal } from "./decimal.ts";
import { type Duration, parseDuration } from "./duration.ts";
import { type IpAddr, parseIpAddr } from "./ipaddr.ts";
import { datetimeTexts, decimalTexts, durationTexts, ipTexts } from "./texts.ts";

/** How one extension type is read by us and written for the oracle. */
interface Kind<T> {
  readonly parse: (text: string) => T;
  readonly literal: (text: string) => Expression;
  readonly exact: (value: T) => Expression;
}

const call = (name: string, ...args: unknown[]): Expression => ({ [name]: args });
const literal = (name: string) => (text: string) => call(name, { Value: text });
const exactDuration = (value: Duration) => literal("duration")(`${value.ms}ms`);
const exactDatetime = (value: Datetime) =>
  call("offset", literal("datetime")("1970-01-01"), literal("duration")(`${value.epoch}ms`));

const decimal: Kind<Decimal> = {
  parse: parseDecimal,
  literal: literal("decimal"),
  exact: (value) => literal("decimal")(`${value}`),
};
const ip: Kind<IpAddr> = {
  parse: parseIpAddr,
  literal: literal("ip"),
  exact: (value) => literal("ip")(`${value}`),
};
const datetime: Kind<Datetime> = { parse: parseDatetime, literal: literal("datetime"), exact: exactDatetime };
const duration: Kind<Duration> = { parse: parseDuration, literal: literal("duration"), exact: exactDuration };

const equal = (left: Expression, right: Expression): Expression => ({ "==": { left, right } });

function attempt<T>(work: () => T): T | "error" {
  try {
    return work();
  } catch (error) {
    if (error instanceof EvaluationError && error.kind === "extension") return "error";
    throw error;
  }
}

/** Both refuse the text, or both read it, and as the same value. */
function readsAlike<T>(kind: Kind<T>, texts: readonly string[]): void {
  const ours = texts.map((text) => attempt(() => kind.parse(text)));
  const questions = texts.map((text, index) => {
    const value = ours[index];
    const written = kind.literal(text);
    return equal(written, value === undefined || value === "error" ? written : kind.exact(value));
  });
  const theirs = askOracle(questions);
  const wrong = texts.filter((_, index) => theirs[index] !== (ours[index] === "error" ? "error" : true));
  assert.deepEqual(wrong, []);
}

const batches = (texts: fc.Arbitrary<string>) =>
  fc.array(texts, { minLength: 400, maxLength: 400, size: "max" });

for (const [name, kind, texts, known] of [
  ["decimal", decimal, decimalTexts.any, decimalTexts.known],
  ["ip", ip, ipTexts.any, ipTexts.known],
  ["datetime", datetime, datetimeTexts.any, datetimeTexts.known],
  ["duration", duration, durationTexts.any, durationTexts.known],
] as const) {
  test(`the oracle accepts and refuses the same texts of ${name}, the edges first`, () => {
    readsAlike<unknown>(kind as Kind<unknown>, known);
  });

  test(`the oracle accepts and refuses the same texts of ${name}, whatever is written`, () => {
    fc.assert(
      fc.property(batches(texts), (batch) => readsAlike<unknown>(kind as Kind<unknown>, batch)),
      { numRuns: 6 },
    );
  });
}
