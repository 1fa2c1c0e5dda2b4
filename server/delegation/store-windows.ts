import { type ExpressionBuilder, sql } from "kysely";
import type { Change, Database } from "../database/index.ts";
import { minutes } from "../lib/index.ts";
import type { DelegationTables } from "./tables.ts";
import { COUNTED, type Counted, type CountedFor, SPANS, type WindowCounts } from "./window.ts";

/** Calls are kept one by one for a little longer than an hour, and by the minute from then on. */
const KEPT_SINGLY = SPANS.hour + minutes(1);
const MINUTE = minutes(1);

/**
 * The calls of one agent, instance or person, or at one resource, within each span before now. A minute and
 * an hour slide by the millisecond; a day lets go of a minute's calls when that minute is wholly over.
 */
export async function countWindows(
  database: Database,
  counted: Counted,
  whose: string,
  now: number,
): Promise<WindowCounts> {
  // One statement: calls that are being summed up at this moment are counted once.
  const { minute, hour, day, summed } = await database
    .tables<DelegationTables>()
    .selectFrom("window_call")
    .select((build) => [
      countedSince(build, now - SPANS.minute).as("minute"),
      countedSince(build, now - SPANS.hour).as("hour"),
      build.fn.countAll().as("day"),
      build
        .selectFrom("window_tally")
        .select(({ fn }) => fn.sum("calls").as("calls"))
        .where("counted", "=", counted)
        .where("whose", "=", whose)
        .where("minute", ">", now - SPANS.day - MINUTE)
        .as("summed"),
    ])
    .where(counted, "=", whose)
    .where("at", ">", now - SPANS.day)
    .executeTakeFirstOrThrow();
  return { minute: Number(minute), hour: Number(hour), day: Number(day) + Number(summed ?? 0) };
}

const countedSince = ({ fn }: ExpressionBuilder<DelegationTables, "window_call">, since: number) =>
  fn.countAll().filterWhere("at", ">", since);

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

/** Sums up by the minute what is no longer needed one by one, and forgets what no window reaches any more. */
export function sumUpWindows(change: Change, now: number): void {
  const tables = change.lock("window:sums").tables<DelegationTables>();
  const before = now - KEPT_SINGLY;
  for (const counted of COUNTED) sumUp(change, counted, before);
  change.add(tables.deleteFrom("window_call").where("at", "<=", before), { rows: "any" });
  const tallies = tables.deleteFrom("window_tally");
  change.add(tallies.where("minute", "<=", now - SPANS.day - MINUTE), { rows: "any" });
}

function sumUp(change: Change, counted: Counted, before: number): void {
  const minute = sql<number>`at - at % ${sql.lit(MINUTE)}`;
  const sums = change
    .tables<DelegationTables>()
    .insertInto("window_tally")
    .columns(["counted", "whose", "minute", "calls"])
    .expression(({ selectFrom, val, fn }) =>
      selectFrom("window_call")
        .select([val(counted).as("counted"), counted, minute.as("minute"), fn.countAll<number>().as("calls")])
        .where("at", "<=", before)
        .where(counted, "is not", null)
        .groupBy([counted, minute]),
    );
  change.add(
    sums.onConflict((conflict) =>
      conflict.columns(["counted", "whose", "minute"]).doUpdateSet(({ ref, eb }) => ({
        calls: eb(ref("window_tally.calls"), "+", ref("excluded.calls")),
      })),
    ),
    { rows: "any" },
  );
}
