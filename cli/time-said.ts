import { Misuse } from "./say.ts";

const SPAN = /^([1-9][0-9]{0,4})(m|h|d)$/;
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A span such as `30m`, `12h` or `7d`, in milliseconds. @throws Misuse */
export function spanOf(text: string): number {
  const [, digits, unit] = SPAN.exec(text) ?? [];
  const one = UNITS[unit ?? ""];
  if (digits === undefined || one === undefined)
    throw new Misuse(`${text} is no span of time.`, "Such as 30m, 12h or 7d.");
  return Number(digits) * one;
}

export const momentAhead = (span: string, now: number): number => now + spanOf(span);

/** A moment that was: a span ago, or a date. @throws Misuse */
export function momentPast(text: string, now: number): number {
  if (SPAN.test(text)) return now - spanOf(text);
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new Misuse(`${text} is no time.`, "Such as 7d, or 2026-12-01.");
  return at;
}
