import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { EvaluationError } from "../error.ts";
import { askOracle, type Expression } from "./ask-oracle.ts";
import { Datetime, parseDatetime } from "./datetime.ts";
import { type Decimal, parseDecimal } from "./decimal.ts";
import { Duration, parseDuration } from "./duration.ts";
import { type IpAddr, parseIpAddr } from "./ipaddr.ts";
import { datetimeTexts, decimalTexts, durationTexts, ipTexts } from "./texts.ts";

/** A method or relation: how we compute it, and how Cedar's JSON names it. */
type Operation<A, B> = readonly [name: string, ours: (one: A, other: B) => unknown];

const literal = (name: string, text: string): Expression => ({ [name]: [{ Value: text }] });
const span = (value: Duration) => literal("duration", `${value.ms}ms`);
const moment = (value: Datetime): Expression => ({
  offset: [literal("datetime", "1970-01-01"), literal("duration", `${value.epoch}ms`)],
});
const decimal = (value: Decimal) => literal("decimal", `${value}`);
const ip = (value: IpAddr) => literal("ip", `${value}`);

const relations = new Set(["==", "<", "<="]);

function applied(name: string, one: Expression, other: Expression | undefined): Expression {
  if (other === undefined) return { [name]: [one] };
  return relations.has(name) ? { [name]: { left: one, right: other } } : { [name]: [one, other] };
}

/** The oracle's question whose answer is true exactly when it computes what we computed. */
function confirms(result: unknown, question: Expression): Expression {
  if (result === "error") return { "==": { left: question, right: question } };
  if (result instanceof Duration) return { "==": { left: question, right: span(result) } };
  if (result instanceof Datetime) return { "==": { left: question, right: moment(result) } };
  if (typeof result === "boolean") return { "==": { left: question, right: { Value: result } } };
  return { "==": { left: question, right: exactLong(result as number | bigint) } };
}

/** A JSON number loses digits beyond 2^53; a duration's text does not. */
function exactLong(value: number | bigint): Expression {
  return { toMilliseconds: [literal("duration", `${value}ms`)] };
}

function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (error instanceof EvaluationError && error.kind === "extension") return "error";
    throw error;
  }
}

function agrees<A, B>(
  operations: readonly Operation<A, B>[],
  pairs: readonly (readonly [A, B])[],
  write: (one: A) => Expression,
  writeOther?: (other: B) => Expression,
): void {
  const cases = pairs.flatMap(([one, other]) =>
    operations.map(([name, ours]) => ({ name, one, other, result: attempt(() => ours(one, other)) })),
  );
  const theirs = askOracle(
    cases.map(({ name, one, other, result }) =>
      confirms(result, applied(name, write(one), writeOther?.(other))),
    ),
  );
  const wrong = cases.filter(({ result }, index) => theirs[index] !== (result === "error" ? "error" : true));
  assert.deepEqual(
    wrong.map(({ name, one, other, result }) => `${one} ${name} ${other}: ${result}`),
    [],
  );
}

function read<T>(
  parse: (text: string) => T,
  known: readonly string[],
  good: fc.Arbitrary<string>,
): fc.Arbitrary<T> {
  const accepted = known.filter((text) => attempt(() => parse(text)) !== "error");
  return fc.oneof(fc.constantFrom(...accepted), good).map(parse);
}

/** Pairs, of which some are equal and some near each other. */
function pairs<A>(values: fc.Arbitrary<A>): fc.Arbitrary<(readonly [A, A])[]> {
  const same = values.map((value) => [value, value] as const);
  const pair = fc.oneof({ weight: 1, arbitrary: same }, { weight: 5, arbitrary: fc.tuple(values, values) });
  return fc.array(pair, { minLength: 60, maxLength: 60, size: "max" });
}

const edges = fc.constantFrom(
  -(2n ** 63n),
  2n ** 63n - 1n,
  -(2n ** 53n),
  2n ** 53n,
  2n ** 53n - 1n,
  1n - 2n ** 53n,
  -86_400_001n,
  -86_400_000n,
  -1n,
  0n,
  1n,
);
const anyMs = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  edges,
  fc.bigInt({ min: -200_000_000n, max: 200_000_000n }),
);
const decimals = read(parseDecimal, decimalTexts.known, decimalTexts.good);
const ips = read(parseIpAddr, ipTexts.known, ipTexts.good);
const durations = fc.oneof(
  read(parseDuration, durationTexts.known, durationTexts.good),
  anyMs.map((ms) => parseDuration(`${ms}ms`)),
);
const moments = fc.oneof(
  read(parseDatetime, datetimeTexts.known, datetimeTexts.good),
  anyMs.map((ms) => parseDatetime("1970-01-01").offset(parseDuration(`${ms}ms`))),
);
const runs = { numRuns: 8 };

test("decimals compare as in the oracle", () => {
  const operations: Operation<Decimal, Decimal>[] = [
    ["==", (one, other) => one.equals(other)],
    ["lessThan", (one, other) => one.lessThan(other)],
    ["lessThanOrEqual", (one, other) => one.lessThanOrEqual(other)],
    ["greaterThan", (one, other) => one.greaterThan(other)],
    ["greaterThanOrEqual", (one, other) => one.greaterThanOrEqual(other)],
  ];
  fc.assert(
    fc.property(pairs(decimals), (list) => agrees(operations, list, decimal, decimal)),
    runs,
  );
});

test("addresses and ranges are equal and contain each other as in the oracle", () => {
  const operations: Operation<IpAddr, IpAddr>[] = [
    ["==", (one, other) => one.equals(other)],
    ["isInRange", (one, other) => one.isInRange(other)],
  ];
  fc.assert(
    fc.property(pairs(fc.oneof(ips, nearbyRanges())), (list) => agrees(operations, list, ip, ip)),
    runs,
  );
});

test("addresses tell their family, loopback and multicast as in the oracle", () => {
  const operations: Operation<IpAddr, IpAddr>[] = [
    ["isIpv4", (one) => one.isIpv4()],
    ["isIpv6", (one) => one.isIpv6()],
    ["isLoopback", (one) => one.isLoopback()],
    ["isMulticast", (one) => one.isMulticast()],
  ];
  fc.assert(
    fc.property(pairs(ips), (list) => agrees(operations, list, ip)),
    runs,
  );
});

/** Few address bits and every length of prefix, so that many pairs do contain each other. */
function nearbyRanges(): fc.Arbitrary<IpAddr> {
  const four = fc.tuple(
    fc.constantFrom("0.0.0.0", "128.0.0.0", "128.0.128.1", "255.255.255.255"),
    fc.nat(32),
  );
  const six = fc.tuple(fc.constantFrom("::", "8000::", "8000::8000:1", "0:0:0:1::"), fc.nat(128));
  return fc.oneof(four, six).map(([address, prefix]) => parseIpAddr(`${address}/${prefix}`));
}

test("durations compare and are told in every unit as in the oracle", () => {
  const relationsOf: Operation<Duration, Duration>[] = [
    ["==", (one, other) => one.equals(other)],
    ["<", (one, other) => one.lessThan(other)],
    ["<=", (one, other) => one.lessThanOrEqual(other)],
  ];
  const units: Operation<Duration, Duration>[] = [
    ["toMilliseconds", (one) => one.toMilliseconds()],
    ["toSeconds", (one) => one.toSeconds()],
    ["toMinutes", (one) => one.toMinutes()],
    ["toHours", (one) => one.toHours()],
    ["toDays", (one) => one.toDays()],
  ];
  fc.assert(
    fc.property(pairs(durations), (list) => {
      agrees(relationsOf, list, span, span);
      agrees(units, list, span);
    }),
    runs,
  );
});

test("moments compare, and their distance, date and time of day are the oracle's", () => {
  const relationsOf: Operation<Datetime, Datetime>[] = [
    ["==", (one, other) => one.equals(other)],
    ["<", (one, other) => one.lessThan(other)],
    ["<=", (one, other) => one.lessThanOrEqual(other)],
    ["durationSince", (one, other) => one.durationSince(other)],
  ];
  const parts: Operation<Datetime, Datetime>[] = [
    ["toDate", (one) => one.toDate()],
    ["toTime", (one) => one.toTime()],
  ];
  fc.assert(
    fc.property(pairs(moments), (list) => {
      agrees(relationsOf, list, moment, moment);
      agrees(parts, list, moment);
    }),
    runs,
  );
});

test("a moment moved by a duration is the oracle's, or overflows with it", () => {
  const operations: Operation<Datetime, Duration>[] = [["offset", (one, by) => one.offset(by)]];
  const lists = fc.array(fc.tuple(moments, durations), { minLength: 100, maxLength: 100, size: "max" });
  fc.assert(
    fc.property(lists, (list) => agrees(operations, list, moment, span)),
    runs,
  );
});

test("every day of leap years and others, and at both ends of the calendar, is the oracle's", () => {
  const texts = ["0000", "0001", "1900", "2000", "9999"].flatMap((year) =>
    everyDay().map((rest) => `${year}-${rest}`),
  );
  const read = texts.flatMap((text) => {
    const value = attempt(() => parseDatetime(text));
    return value instanceof Datetime ? [{ text, value }] : [];
  });
  assert.equal(read.length, 366 + 365 + 365 + 366 + 365);
  const answers = askOracle(
    read.map(({ text, value }) => ({ "==": { left: literal("datetime", text), right: moment(value) } })),
  );
  assert.deepEqual(
    read.filter((_, index) => answers[index] !== true),
    [],
  );
});

function everyDay(): string[] {
  const two = (value: number) => String(value).padStart(2, "0");
  const range = (end: number) => Array.from({ length: end }, (_, index) => two(index));
  return range(14).flatMap((month) => range(33).map((dayOfMonth) => `${month}-${dayOfMonth}`));
}
