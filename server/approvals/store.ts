import type { Kysely, Selectable } from "kysely";
import { type Change, type Database, type Given, reading } from "../database/index.ts";
import type { Code, Id, PersonId } from "../lib/index.ts";
import type { StoredReceipt } from "./receipt.ts";
import type { ApprovalRequest, ApprovalState, Asked } from "./request.ts";
import type { ApprovalsTables } from "./tables.ts";

type Row = Selectable<ApprovalsTables["approval"]>;

const tablesOf = (database: Database) => database.tables<ApprovalsTables>();

const requestOf = (row: Row): ApprovalRequest => ({
  id: row.id as Id<"approval">,
  state: row.state as ApprovalState,
  ...(row.subject === null ? {} : { subject: row.subject }),
  created: row.created,
  expires: row.expires,
  answers: row.answers,
  asked: JSON.parse(row.asked) as Asked,
  ...(row.reserved_by === null ? {} : { reservedBy: row.reserved_by }),
  ...(row.reserved_until === null ? {} : { reservedUntil: row.reserved_until }),
});

export async function requestById(database: Database, id: string): Promise<ApprovalRequest | undefined> {
  const row = await tablesOf(database)
    .selectFrom("approval")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirst();
  return row && requestOf(row);
}

/** The request that stands for this subject. */
export async function standingRequest(
  database: Database,
  subject: string,
): Promise<ApprovalRequest | undefined> {
  const [row] = await requestFor(database, { subject });
  return row && requestOf(row);
}

const requestFor = reading((tables: Kysely<ApprovalsTables>, given: Given<{ subject: string }>) =>
  tables.selectFrom("approval").selectAll().where("subject", "=", given("subject")),
);

/**
 * How many requests of one holder for one task wait, or have had a no lately.
 * @param of.since when a no stops counting, in milliseconds since the epoch
 */
export async function countAsked(
  database: Database,
  of: { holder: string; task: string | undefined; now: number; since: number },
): Promise<number> {
  const { holder, task = null, now, since } = of;
  const tables = tablesOf(database);
  const lately = tables
    .selectFrom("receipt")
    .select("approval")
    .where("decision", "=", "deny")
    .where("at", ">", since);
  const { count } = await tables
    .selectFrom("approval")
    .select(({ fn }) => fn.countAll().as("count"))
    .where("holder", "=", holder)
    .where("task", task === null ? "is" : "=", task)
    .where(({ and, or, eb }) =>
      or([
        and([eb("state", "=", "pending"), eb("expires", ">", now)]),
        and([eb("state", "=", "denied"), eb("id", "in", lately)]),
      ]),
    )
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Requests that wait, after a cursor, in the order in which they were made. */
export async function pendingRequests(
  database: Database,
  filter: {
    now: number;
    after?: string | undefined;
    limit: number;
    audiences?: readonly string[] | undefined;
  },
): Promise<ApprovalRequest[]> {
  const { now, after = "", limit, audiences } = filter;
  let query = tablesOf(database)
    .selectFrom("approval")
    .selectAll()
    .where("state", "=", "pending")
    .where("expires", ">", now)
    .where("id", ">", after);
  if (audiences !== undefined) {
    const theirs = tablesOf(database)
      .selectFrom("approval_audience")
      .select("approval")
      .where("audience", "in", [...audiences]);
    query = query.where("id", "in", theirs);
  }
  return (await query.orderBy("id").limit(limit).execute()).map(requestOf);
}

/** Requests that time has ended and that still stand in the way of a new one. */
export async function lapsedRequests(
  database: Database,
  now: number,
  limit: number,
): Promise<ApprovalRequest[]> {
  const rows = await tablesOf(database)
    .selectFrom("approval")
    .selectAll()
    .where("subject", "is not", null)
    .where("state", "!=", "expired")
    .where("expires", "<=", now)
    .where((where) => where.or([where("reserved_until", "is", null), where("reserved_until", "<=", now)]))
    .orderBy("expires")
    .limit(limit)
    .execute();
  return rows.map(requestOf);
}

export function insertRequest(
  change: Change,
  request: ApprovalRequest & { subject: string },
  { audiences, holder }: { audiences: readonly string[]; holder: string },
): void {
  const { id, subject, state, created, expires, answers, asked } = request;
  const tables = change.tables<ApprovalsTables>();
  const row = { id, subject, state, created, expires, answers, asked: JSON.stringify(asked) };
  const whose = { holder, task: asked.task?.id ?? null };
  change.add(
    tables.insertInto("approval").values({ ...row, ...whose, reserved_by: null, reserved_until: null }),
  );
  for (const audience of new Set(audiences)) {
    change.add(tables.insertInto("approval_audience").values({ audience, approval: id }));
  }
}

/** Moves a request that is still as it was read. */
function move(change: Change, request: ApprovalRequest, to: Partial<Row>): void {
  const update = change.tables<ApprovalsTables>().updateTable("approval").set(to);
  const same = update.where("id", "=", request.id).where("state", "=", request.state);
  change.add(same.where("answers", "=", request.answers));
}

/** One more yes, perhaps the last one. */
export const countAnswer = (change: Change, request: ApprovalRequest, state: "pending" | "approved"): void =>
  move(change, request, { state, answers: request.answers + 1 });

/** A no. The request goes on standing, so that nobody is asked again before its time is over. */
export const markDenied = (change: Change, request: ApprovalRequest): void =>
  move(change, request, { state: "denied" });

/** Ends a request and makes way for another. One that was denied stays denied. */
export const endRequest = (change: Change, request: ApprovalRequest): void =>
  move(change, request, { state: request.state === "denied" ? "denied" : "expired", subject: null });

/** Time has ended it. Where people had not answered, whoever asks is still to be told. */
export const lapseRequest = (change: Change, request: ApprovalRequest): void =>
  request.state === "pending" ? move(change, request, { state: "expired" }) : endRequest(change, request);

/** Whoever asks is told now, once: that stays written with the refusal. */
export function markTold(change: Change, { id }: ApprovalRequest): void {
  const update = change.tables<ApprovalsTables>().updateTable("approval");
  const waited = update
    .set({ state: "expired", subject: null })
    .where("id", "=", id)
    .where("state", "in", ["pending", "expired"]);
  change.burn(waited, "conflict");
}

/** Nobody has asked for these since time ended them, up to then. */
export function forgetUntold(change: Change, endedBy: number): void {
  const update = change.tables<ApprovalsTables>().updateTable("approval").set({ subject: null });
  const ended = update.where("state", "=", "expired").where("expires", "<=", endedBy);
  change.add(ended.where("subject", "is not", null), { rows: "any" });
}

/** Gives an approval to one token; where another one holds it, or time has ended it, no row is hit. */
export function reserveRow(
  change: Change,
  id: Id<"approval">,
  by: { jti: string; expires: number },
  now: number,
): void {
  const update = change
    .tables<ApprovalsTables>()
    .updateTable("approval")
    .set({ state: "reserved", reserved_by: by.jti, reserved_until: by.expires })
    .where("id", "=", id)
    .where("expires", ">", now);
  change.add(
    update.where((where) =>
      where.or([
        where("state", "=", "approved"),
        where.and([where("state", "=", "reserved"), where("reserved_until", "<=", now)]),
      ]),
    ),
  );
}

/** Uses an approval up, for the token that holds it and for no other. */
export function spendRow(
  change: Change,
  id: Id<"approval">,
  jti: string,
  now: number,
  otherwise: Code,
): void {
  const update = change
    .tables<ApprovalsTables>()
    .updateTable("approval")
    .set({ state: "spent", subject: null })
    .where("id", "=", id)
    .where("state", "=", "reserved")
    .where("reserved_by", "=", jti)
    .where("reserved_until", ">", now);
  change.add(update, { rows: 1, otherwise });
}

export async function receiptsOf(database: Database, approval: string): Promise<StoredReceipt[]> {
  const rows = await tablesOf(database)
    .selectFrom("receipt")
    .selectAll()
    .where("approval", "=", approval)
    .orderBy("id")
    .execute();
  return rows.map((row) => ({
    id: row.id as Id<"receipt">,
    requirement: row.requirement,
    person: row.person as PersonId,
    decision: row.decision,
    receipt: JSON.parse(row.receipt) as StoredReceipt["receipt"],
    assertion: JSON.parse(row.assertion) as StoredReceipt["assertion"],
    at: row.at,
  }));
}

export function insertReceipt(change: Change, approval: Id<"approval">, stored: StoredReceipt): void {
  const { receipt, assertion, ...row } = stored;
  const texts = { receipt: JSON.stringify(receipt), assertion: JSON.stringify(assertion) };
  change.add(
    change
      .tables<ApprovalsTables>()
      .insertInto("receipt")
      .values({ ...row, approval, ...texts }),
  );
}
