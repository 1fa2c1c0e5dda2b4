import type { Change, Database } from "../database/index.ts";
import type { Id } from "../lib/index.ts";
import type { OauthTables } from "./tables.ts";

export interface Count {
  readonly jti: string;
  readonly position: number;
  readonly used: number;
  readonly most: number;
}

/** The counted grants of a token. */
export function countsOf(database: Database, jti: string): Promise<Count[]> {
  const counts = database.tables<OauthTables>().selectFrom("token_count").selectAll();
  return counts.where("jti", "=", jti).orderBy("position").execute();
}

/** The next use of a grant, numbered: of two that read the same number one is decided again. */
export function addUse(change: Change, { jti, position, used }: Count): void {
  const update = change.tables<OauthTables>().updateTable("token_count");
  const next = update
    .set({ used: used + 1 })
    .where("jti", "=", jti)
    .where("position", "=", position);
  change.lock(`token:${jti}`).add(next.where("used", "=", used).where("most", ">", used));
}

/** One call under a token. */
export interface Use {
  readonly action: Id<"action">;
  readonly jti: string;
  readonly tool: string;
  readonly argsHash: string;
  readonly service: string;
  readonly calledAt: number;
}

export function insertUse(change: Change, { argsHash, calledAt, ...use }: Use): void {
  const row = { ...use, args_hash: argsHash, called_at: calledAt, outcome: null, returned_at: null };
  change.add(change.tables<OauthTables>().insertInto("token_use").values(row));
}

/** The oldest call like this that has not returned. */
export async function openUse(
  database: Database,
  use: Pick<Use, "jti" | "tool" | "argsHash" | "service">,
): Promise<Id<"action"> | undefined> {
  const row = await database
    .tables<OauthTables>()
    .selectFrom("token_use")
    .select("action")
    .where("jti", "=", use.jti)
    .where("tool", "=", use.tool)
    .where("args_hash", "=", use.argsHash)
    .where("service", "=", use.service)
    .where("outcome", "is", null)
    .orderBy("action")
    .limit(1)
    .executeTakeFirst();
  return row?.action as Id<"action"> | undefined;
}

/** When the token expires that a call came with, in milliseconds since the epoch, whether it has returned or not. */
export async function tokenEndOfCall(database: Database, action: string): Promise<number | undefined> {
  const row = await database
    .tables<OauthTables>()
    .selectFrom("token_use")
    .innerJoin("token", "token.jti", "token_use.jti")
    .select("token.expires")
    .where("token_use.action", "=", action)
    .executeTakeFirst();
  return row?.expires;
}

/** A guard: the call has not returned when the change commits. */
export function requireOpenUse(change: Change, action: Id<"action">): void {
  const uses = change.tables<OauthTables>().selectFrom("token_use").select("action");
  change.require(uses.where("action", "=", action).where("outcome", "is", null));
}

/** A call returns once. */
export function endUse(change: Change, action: Id<"action">, outcome: string, at: number): void {
  const update = change.tables<OauthTables>().updateTable("token_use");
  const ended = update.set({ outcome, returned_at: at }).where("action", "=", action);
  change.lock(`use:${action}`).add(ended.where("outcome", "is", null));
}
