import type { Kysely } from "kysely";
import { type Change, type Database, readingIn } from "../database/index.ts";
import { type History, type Marks, magnitude, NO_HISTORY, type RememberedCall } from "./history.ts";
import type { DelegationTables } from "./tables.ts";

/** Whose history it is. */
export type HistoryKey = `task:${string}` | `instance:${string}`;

const UNTRUSTED = "untrusted";
const LABEL = "data:";

/** Sums are kept in two parts: the engines' integers, as they are read, are exact up to 2^53 only. */
const PART = 100_000_000n;

/** What is remembered under these keys, in their order. */
export async function historiesOf(database: Database, keys: readonly HistoryKey[]): Promise<History[]> {
  const [marks, tools] = await Promise.all([marksIn(database, keys), toolsIn(database, keys)]);
  return keys.map((key) => ({
    ...stickingIn(marks.filter((row) => row.key === key)),
    tools: tools.filter((row) => row.key === key).reduce(withRow, NO_HISTORY.tools),
  }));
}

const marksIn = readingIn((tables: Kysely<DelegationTables>, keys) =>
  tables.selectFrom("history_mark").selectAll().where("key", "in", keys).orderBy("mark"),
);
const toolsIn = readingIn((tables: Kysely<DelegationTables>, keys) =>
  tables.selectFrom("history_tool").selectAll().where("key", "in", keys),
);

/** What sticks to these, in their order. */
export async function marksUnder(database: Database, keys: readonly HistoryKey[]): Promise<Marks[]> {
  const rows = await marksIn(database, keys);
  return keys.map((key) => stickingIn(rows.filter((row) => row.key === key)));
}

/** What sticks is only ever added. */
export function addMarks(change: Change, key: HistoryKey, { labels, untrusted }: Marks): void {
  const marks = [...labels.map((label) => `${LABEL}${label}`), ...(untrusted ? [UNTRUSTED] : [])];
  if (marks.length === 0) return;
  const rows = change
    .tables<DelegationTables>()
    .insertInto("history_mark")
    .values(marks.map((mark) => ({ key, mark })));
  change.add(
    rows.onConflict((conflict) => conflict.doNothing()),
    { rows: "any" },
  );
}

/** Gives one all that sticks to the other at the commit, whatever was read before. */
export function passMarks(change: Change, from: HistoryKey, to: HistoryKey): void {
  const rows = change
    .tables<DelegationTables>()
    .insertInto("history_mark")
    .columns(["key", "mark"])
    .expression(({ selectFrom, val }) =>
      selectFrom("history_mark")
        .select([val(to).as("key"), "mark"])
        .where("key", "=", from),
    );
  change.add(
    rows.onConflict((conflict) => conflict.doNothing()),
    { rows: "any" },
  );
}

/** One call more, and what it moves. */
export function countCallOf(change: Change, key: HistoryKey, { tool, amount }: RememberedCall): void {
  const moved = magnitude(amount?.value ?? 0n);
  const [high, low] = [Number(moved / PART), Number(moved % PART)];
  const row = { key, tool, currency: columnOf(amount?.currency), calls: 1, high, low };
  const insert = change.tables<DelegationTables>().insertInto("history_tool").values(row);
  change.add(
    insert.onConflict((conflict) =>
      conflict.columns(["key", "tool", "currency"]).doUpdateSet(({ ref, eb }) => ({
        calls: eb(ref("history_tool.calls"), "+", 1),
        high: eb(ref("history_tool.high"), "+", high),
        low: eb(ref("history_tool.low"), "+", low),
      })),
    ),
  );
}

type ToolRow = DelegationTables["history_tool"];

function withRow(tools: History["tools"], { tool, currency, calls, high, low }: ToolRow): History["tools"] {
  const before = tools.get(tool);
  const amounts = new Map(before?.amounts);
  if (currency !== "") amounts.set(currency.slice(1), BigInt(high) * PART + BigInt(low));
  return new Map(tools).set(tool, { calls: (before?.calls ?? 0) + calls, amounts });
}

/** A call that moves nothing has an empty currency, which none of any name can be taken for. */
const columnOf = (currency: string | undefined): string => (currency === undefined ? "" : `=${currency}`);

const stickingIn = (rows: readonly { mark: string }[]): Marks => ({
  labels: rows.flatMap(({ mark }) => (mark.startsWith(LABEL) ? [mark.slice(LABEL.length)] : [])),
  untrusted: rows.some(({ mark }) => mark === UNTRUSTED),
});
