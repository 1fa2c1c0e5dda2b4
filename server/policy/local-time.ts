/** The time of day somewhere. `date` as 2026-11-22; `weekday` 1 is Monday. */
export interface LocalTime {
  readonly zone: string;
  readonly date: string;
  readonly hour: number;
  readonly minute: number;
  readonly weekday: number;
}

/** Whether this is a zone that clocks can be read in. */
export function isZone(zone: string): boolean {
  try {
    localTime(0, zone);
    return true;
  } catch {
    return false;
  }
}

const MINUTE = 60_000;

/**
 * What clocks and calendars show in a zone, daylight saving time included.
 * @param now milliseconds since the epoch
 * @param zone an IANA time zone
 * @throws RangeError for what is no zone
 */
export function localTime(now: number, zone: string): LocalTime {
  const minute = Math.floor(now / MINUTE);
  const last = lastShown.get(zone);
  if (last?.minute === minute) return last.shown;
  const shown = shownAt(minute * MINUTE, zone);
  if (lastShown.size >= MOST_ZONES) lastShown.clear();
  lastShown.set(zone, { minute, shown });
  return shown;
}

/** What was last shown in each zone: clocks change at whole minutes. */
const lastShown = new Map<string, { minute: number; shown: LocalTime }>();
const MOST_ZONES = 1_000;

function shownAt(now: number, zone: string): LocalTime {
  const shown = new Date(wallClock(now, zone));
  return {
    zone,
    date: shown.toISOString().slice(0, 10),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    weekday: shown.getUTCDay() || 7,
  };
}

/**
 * The moment when a zone's clocks show this. Of a time that they show twice, the first; one that they skip is
 * as long after the skip as it would have been after its beginning.
 * @param shown as `2026-11-22T09:30`, seconds and less if need be
 */
export function momentOf(shown: string, zone: string): number {
  const asUtc = Date.parse(`${shown}Z`);
  const shifts = [asUtc - DAY, asUtc + DAY].map((near) => shiftOf(near, zone));
  const found = shifts.map((shift) => asUtc - shift).filter((now) => now + shiftOf(now, zone) === asUtc);
  return found.length === 0 ? asUtc - (shifts[0] ?? 0) : Math.min(...found);
}

const DAY = 1_440 * MINUTE;

/** How far a zone's clocks are ahead of UTC, in milliseconds. */
function shiftOf(now: number, zone: string): number {
  const minute = Math.floor(now / MINUTE) * MINUTE;
  return wallClock(minute, zone) - minute;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the zone's clocks show, as if it were UTC. */
function wallClock(now: number, zone: string): number {
  if (zone === "UTC") return now;
  const parts = formatOf(zone).formatToParts(now);
  const read = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  return Date.UTC(read("year"), read("month") - 1, read("day"), read("hour"), read("minute"), read("second"));
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    ...{ calendar: "gregory", numberingSystem: "latn", hourCycle: "h23" },
    ...{ year: "numeric", month: "numeric", day: "numeric" },
    ...{ hour: "numeric", minute: "numeric", second: "numeric" },
  });
  if (formats.size >= MOST_ZONES) formats.clear();
  formats.set(zone, format);
  return format;
}
