import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isZone, localTime, momentOf } from "./local-time.ts";

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/St_Johns",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Africa/Casablanca",
];
const moments = fc.integer({ min: Date.UTC(1975, 0, 1), max: Date.UTC(2090, 0, 1) });
const shown = (now: number, zone: string): string => {
  const { date, hour, minute } = localTime(now, zone);
  return `${date} ${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
};

test("the time of day follows the zone, over the change to summer time and back", () => {
  const at = (text: string) => shown(Date.parse(text), "Europe/Berlin");
  assert.equal(at("2026-03-29T00:59:59Z"), "2026-03-29 01:59");
  assert.equal(at("2026-03-29T01:00:00Z"), "2026-03-29 03:00");
  assert.equal(at("2026-10-25T00:59:00Z"), "2026-10-25 02:59");
  assert.equal(at("2026-10-25T01:00:00Z"), "2026-10-25 02:00");
  assert.equal(localTime(Date.parse("2026-11-22T23:30:00Z"), "Europe/Berlin").weekday, 1);
  assert.equal(localTime(Date.parse("2026-11-22T22:30:00Z"), "Europe/Berlin").weekday, 7);
  // Clocks there changed at one minute past midnight.
  assert.equal(shown(Date.parse("2010-03-14T03:31:00Z"), "America/St_Johns"), "2010-03-14 01:01");
  assert.equal(shown(Date.parse("2010-03-14T03:30:59Z"), "America/St_Johns"), "2010-03-14 00:00");
});

test("it is what the platform's own formatting says, whatever was asked before", () => {
  const format = (now: number, timeZone: string) =>
    new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" }).format(now);
  fc.assert(
    fc.property(moments, fc.constantFrom(...ZONES), (now, zone) =>
      assert.equal(shown(now, zone), format(now, zone)),
    ),
  );
});

test("a moment found by what the clocks show shows just that, unless they skip it", () => {
  fc.assert(
    fc.property(moments, fc.constantFrom(...ZONES), (now, zone) => {
      const text = shown(now, zone).replace(" ", "T");
      assert.equal(shown(momentOf(text, zone), zone).replace(" ", "T"), text);
    }),
  );
  assert.equal(momentOf("2026-10-25T02:30", "Europe/Berlin"), Date.parse("2026-10-25T00:30:00Z"));
  assert.equal(momentOf("2026-03-29T02:30", "Europe/Berlin"), Date.parse("2026-03-29T01:30:00Z"));
});

test("what is no zone is refused, never taken for UTC", () => {
  assert.equal(isZone("Mars/Olympus"), false);
  assert.throws(() => localTime(0, "Mars/Olympus"), RangeError);
  assert.throws(() => localTime(0, "__proto__"), RangeError);
});
