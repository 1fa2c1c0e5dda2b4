import { type ExpressionBuilder, type Kysely, sql } from "kysely";
import { type Change, type Database, type Given, reading } from "../database/index.ts";
import { minutes, seconds } from "../lib/index.ts";
import type { DelegationTables } from "./tables.ts";
import { COUNTED, type Counted, type CountedFor, SPANS, type Span, type WindowCounts } from "./window.ts";

/** Calls are kept one by one for a little longer than a minute, then by the second for a little longer than an hour. */
const KEPT_SINGLY = SPANS.minute + seconds(15);
const KEPT_BY_SECOND = SPANS.hour + minutes(1);
const SECOND = seconds(1);
const MINUTE = minutes(1);

/**
 * The calls of one agent, instance or person, or at one resource, within each span before now. A minute slides
 * by the millisecond; an hour lets go of a second's calls, and a day of a minute's, when that is wholly over. So
 * none counts too short, and what is counted is a few thousand rows at most, however many calls there were.
 */
export async function countWindows(
  database: Database,
  counted: Counted,
  whose: string,
  now: number,
): Promise<WindowCounts> {
  // One statement: calls that are being summed up at this moment are counted once.
  const [row] = await counts[counted](database, { whose, ...since(now) });
  const all = row as unknown as Record<string, number | string | null>;
  const count = (span: Span): number =>
    Number(all[span]) + Number(all[`${span}_seconds`] ?? 0) + Number(all[`${span}_minutes`] ?? 0);
  return { minute: count("minute"), hour: count("hour"), day: count("day") };
}

/**
 * From when on, milliseconds since the epoch: calls, seconds and minutes of each span. Whatever is in a second, or
 * a minute, that is not wholly over counts. Another server's clock may be ahead of ours.
 */
type Since = { [part in Span | `${Span}_seconds` | `${Span}_minutes`]: number };

const since = (now: number): Since => ({
  minute: now - SPANS.minute,
  minute_seconds: now - SPANS.minute - SECOND + 1,
  minute_minutes: now - SPANS.minute - MINUTE,
  hour: now - SPANS.hour,
  hour_seconds: now - SPANS.hour - SECOND + 1,
  hour_minutes: now - SPANS.hour - MINUTE,
  day: now - SPANS.day,
  day_seconds: now - SPANS.day - SECOND + 1,
  day_minutes: now - SPANS.day - MINUTE,
});

type Asked = Since & { whose: string };
type Build = ExpressionBuilder<DelegationTables, "window_call">;

const countsOf = (counted: Counted) =>
  reading((tables: Kysely<DelegationTables>, given: Given<Asked>) =>
    tables
      .selectFrom("window_call")
      .select((build) => [
        ...spanOf(build, given, counted, "minute"),
        ...spanOf(build, given, counted, "hour"),
        ...spanOf(build, given, counted, "day"),
      ])
      .where(counted, "=", given("whose"))
      .where("at", ">", given("day")),
  );

const spanOf = (build: Build, given: Given<Asked>, counted: Counted, span: Span) => [
  build.fn.countAll().filterWhere("at", ">", given(span)).as(span),
  build
    .selectFrom("window_second")
    .select(({ fn }) => fn.sum("calls").as("calls"))
    .where("counted", "=", counted)
    .where("whose", "=", given("whose"))
    .where("second", ">", given(`${span}_seconds`))
    .as(`${span}_seconds`),
  build
    .selectFrom("window_tally")
    .select(({ fn }) => fn.sum("calls").as("calls"))
    .where("counted", "=", counted)
    .where("whose", "=", given("whose"))
    .where("minute", ">", given(`${span}_minutes`))
    .as(`${span}_minutes`),
];

const counts = {
  agent: countsOf("agent"),
  instance: countsOf("instance"),
  person: countsOf("person"),
  resource: countsOf("resource"),
};

export function insertWindowCall(
  change: Change,
  call: CountedFor & { readonly id: string; readonly at: number },
): void {
  const { at, id, agent, instance, person = null, resource } = call;
  change.add(
    change
      .tables<DelegationTables>()
      .insertInto("window_call")
      .values({ at, id, agent, instance, person, resource }),
  );
}

/** Sums up what is no longer needed one by one, or by the second, and forgets what no window reaches any more. */
export function sumUpWindows(change: Change, now: number): void {
  change.lock("window:sums");
  sumUpCalls(change, now - KEPT_SINGLY);
  sumUpSeconds(change, now - KEPT_BY_SECOND);
  const tallies = change.tables<DelegationTables>().deleteFrom("window_tally");
  change.add(tallies.where("minute", "<=", now - SPANS.day - MINUTE), { rows: "any" });
}

/** What is summed up is marked first: a call that is late, and comes in between, is left for the next time. */
function sumUpCalls(change: Change, before: number): void {
  const tables = change.tables<DelegationTables>();
  const marked = tables.updateTable("window_call").set({ summing: 1 }).where("at", "<=", before);
  change.add(marked, { rows: "any" });
  for (const counted of COUNTED) {
    const second = sql<number>`at - at % ${sql.lit(SECOND)}`;
    const sums = tables
      .insertInto("window_second")
      .columns(["counted", "whose", "second", "calls"])
      .expression(({ selectFrom, val, fn }) =>
        selectFrom("window_call")
          .select([
            val(counted).as("counted"),
            counted,
            second.as("second"),
            fn.countAll<number>().as("calls"),
          ])
          .where("summing", "=", 1)
          .where(counted, "is not", null)
          .groupBy([counted, second]),
      );
    change.add(
      sums.onConflict((conflict) =>
        conflict.columns(["counted", "whose", "second"]).doUpdateSet(({ ref, eb }) => ({
          calls: eb(ref("window_second.calls"), "+", ref("excluded.calls")),
        })),
      ),
      { rows: "any" },
    );
  }
  change.add(tables.deleteFrom("window_call").where("summing", "=", 1), { rows: "any" });
}

function sumUpSeconds(change: Change, before: number): void {
  const tables = change.tables<DelegationTables>();
  const minute = sql<number>`${sql.ref("second")} - ${sql.ref("second")} % ${sql.lit(MINUTE)}`;
  const sums = tables
    .insertInto("window_tally")
    .columns(["counted", "whose", "minute", "calls"])
    .expression(({ selectFrom, fn }) =>
      selectFrom("window_second")
        .select(["counted", "whose", minute.as("minute"), fn.sum<number>("calls").as("calls")])
        .where("second", "<=", before)
        .groupBy(["counted", "whose", minute]),
    );
  change.add(
    sums.onConflict((conflict) =>
      conflict.columns(["counted", "whose", "minute"]).doUpdateSet(({ ref, eb }) => ({
        calls: eb(ref("window_tally.calls"), "+", ref("excluded.calls")),
      })),
    ),
    { rows: "any" },
  );
  change.add(tables.deleteFrom("window_second").where("second", "<=", before), { rows: "any" });
}

/** Those of them in whose windows anything is still counted. */
export async function countedAmong(
  database: Database,
  counted: Counted,
  whose: readonly string[],
): Promise<string[]> {
  if (whose.length === 0) return [];
  const tables = database.tables<DelegationTables>();
  const summedIn = (table: "window_second" | "window_tally") =>
    tables
      .selectFrom(table)
      .select("whose")
      .distinct()
      .where("counted", "=", counted)
      .where("whose", "in", whose);
  const singly = tables.selectFrom("window_call").select(`${counted} as whose`).distinct();
  const found = await Promise.all([
    singly.where(counted, "in", whose).execute(),
    summedIn("window_second").execute(),
    summedIn("window_tally").execute(),
  ]);
  return found.flat().flatMap(({ whose: one }) => one ?? []);
}
