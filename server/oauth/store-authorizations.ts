import type { Grant } from "@countersign/proof/grant";
import type { Selectable } from "kysely";
import type { Change, Database } from "../database/index.ts";
import type { Id, PersonId } from "../lib/index.ts";
import type { Authorization } from "./authorization/authorization.ts";
import type { CodesTables } from "./tables-codes.ts";

type Row = Selectable<CodesTables["authorization_request"]>;

export function insertAuthorization(change: Change, made: Authorization): void {
  const { attackerState, attackerPurpose, clientId, redirectUri, codeChallenge, dpopJkt, offered, ...same } =
    made;
  change.add(
    change
      .tables<CodesTables>()
      .insertInto("authorization_request")
      .values({
        ...same,
        client_id: clientId,
        redirect_uri: redirectUri,
        state: attackerState ?? null,
        code_challenge: codeChallenge,
        dpop_jkt: dpopJkt ?? null,
        purpose: attackerPurpose ?? null,
        offered: JSON.stringify(offered),
        task: null,
        edge: null,
        code_hash: null,
        code_expires: null,
        code_used: null,
        instance: null,
        jkt: null,
        ended: null,
      }),
  );
}

export const authorizationById = (database: Database, id: string): Promise<Authorization | undefined> =>
  authorizationWhere(database, "id", id);

export const authorizationByCode = (database: Database, hash: string): Promise<Authorization | undefined> =>
  authorizationWhere(database, "code_hash", hash);

/** By the delegation that the person signed for it. */
export const authorizationByEdge = (database: Database, edge: string): Promise<Authorization | undefined> =>
  authorizationWhere(database, "edge", edge);

async function authorizationWhere(
  database: Database,
  column: "id" | "code_hash" | "edge",
  value: string,
): Promise<Authorization | undefined> {
  const row = await database
    .tables<CodesTables>()
    .selectFrom("authorization_request")
    .selectAll()
    .where(column, "=", value)
    .executeTakeFirst();
  return row && authorizationOf(row);
}

/** The person has chosen: this task waits for her signature. One that is answered chooses no more. */
export function keepTask(change: Change, { id, task }: Authorization, chosen: Id<"task">): void {
  const open = unanswered(change, id).set({ task: chosen });
  change.add(task === undefined ? open.where("task", "is", null) : open.where("task", "=", task));
}

/** A code for what the person has signed, once. */
export function keepCode(
  change: Change,
  { id, task }: Authorization,
  code: { hash: string; edge: Id<"edge">; codeExpires: number; expires: number },
): void {
  const { hash, edge, codeExpires, expires } = code;
  const values = { code_hash: hash, edge, code_expires: codeExpires, expires };
  change.add(
    unanswered(change, id)
      .set(values)
      .where("task", "=", task ?? ""),
  );
}

export function endUnanswered(change: Change, { id }: Authorization, at: number): void {
  change.add(unanswered(change, id).set({ ended: at }));
}

const unanswered = (change: Change, id: string) =>
  change
    .tables<CodesTables>()
    .updateTable("authorization_request")
    .where("id", "=", id)
    .where("code_hash", "is", null)
    .where("ended", "is", null);

/** The code is for this copy and its key from now on. */
export function keepHolder(
  change: Change,
  { id }: Authorization,
  holder: { instance: string; jkt: string },
): void {
  change.add(unredeemed(change, id).set(holder).where("jkt", "is", null));
}

/** A code that waits for an approval waits as long as the approval may. */
export function extendCode(change: Change, { id }: Authorization, codeExpires: number): void {
  change.add(unredeemed(change, id).set({ code_expires: codeExpires }), { rows: "any" });
}

/** Of any number of changes with the same code, one redeems it; the others decide again. */
export function redeem(change: Change, { id }: Authorization, at: number): void {
  change.add(unredeemed(change, id).set({ code_used: at }));
}

const unredeemed = (change: Change, id: string) =>
  change
    .tables<CodesTables>()
    .updateTable("authorization_request")
    .where("id", "=", id)
    .where("code_used", "is", null)
    .where("ended", "is", null);

/** Nothing follows from it any more. Of any number of changes that end it, one does; the others decide again. */
export function endAuthorization(change: Change, { id, ended }: Authorization, at: number): void {
  if (ended !== undefined) return;
  const update = change.tables<CodesTables>().updateTable("authorization_request").set({ ended: at });
  change.add(update.where("id", "=", id).where("ended", "is", null));
}

export function requireUnended(change: Change, { id }: Authorization): void {
  const rows = change.tables<CodesTables>().selectFrom("authorization_request").select("id");
  change.require(rows.where("id", "=", id).where("ended", "is", null));
}

export interface RefreshToken {
  readonly hash: string;
  readonly request: Id<"request">;
  readonly issued: number;
  readonly used?: number;
}

export function insertRefreshToken(change: Change, token: Omit<RefreshToken, "used">): void {
  change.add(
    change
      .tables<CodesTables>()
      .insertInto("refresh_token")
      .values({ ...token, used: null }),
  );
}

export async function refreshTokenOf(database: Database, hash: string): Promise<RefreshToken | undefined> {
  const tokens = database.tables<CodesTables>().selectFrom("refresh_token").selectAll();
  const row = await tokens.where("hash", "=", hash).executeTakeFirst();
  if (row === undefined) return undefined;
  const { used, request, ...same } = row;
  return { ...same, request: request as Id<"request">, ...(used === null ? {} : { used }) };
}

/** Of any number of changes with the same token, one uses it; the others decide again. */
export function useRefreshToken(change: Change, { hash }: RefreshToken, at: number): void {
  const update = change.tables<CodesTables>().updateTable("refresh_token").set({ used: at });
  change.add(update.where("hash", "=", hash).where("used", "is", null));
}

/** Forgets those from which nothing can follow any more, with their tokens. */
export function deletePast(change: Change, now: number): void {
  const tables = change.tables<CodesTables>();
  const past = tables.selectFrom("authorization_request").select("id").where("expires", "<=", now);
  change.add(tables.deleteFrom("refresh_token").where("request", "in", past), { rows: "any" });
  change.add(tables.deleteFrom("authorization_request").where("expires", "<=", now), { rows: "any" });
}

const authorizationOf = (row: Row): Authorization => ({
  id: row.id as Id<"request">,
  person: row.person as PersonId,
  session: row.session as Id<"session">,
  agent: row.agent,
  clientId: row.client_id,
  redirectUri: row.redirect_uri,
  ...(row.state === null ? {} : { attackerState: row.state }),
  codeChallenge: row.code_challenge,
  ...(row.dpop_jkt === null ? {} : { dpopJkt: row.dpop_jkt }),
  resource: row.resource,
  ...(row.purpose === null ? {} : { attackerPurpose: row.purpose }),
  offered: JSON.parse(row.offered) as Grant[],
  begun: row.begun,
  expires: row.expires,
  ...(row.task === null ? {} : { task: row.task as Id<"task"> }),
  ...(row.edge === null ? {} : { edge: row.edge as Id<"edge"> }),
  ...(row.code_expires === null ? {} : { codeExpires: row.code_expires }),
  ...(row.code_used === null ? {} : { codeUsed: row.code_used }),
  ...(row.instance === null ? {} : { instance: row.instance }),
  ...(row.jkt === null ? {} : { jkt: row.jkt }),
  ...(row.ended === null ? {} : { ended: row.ended }),
});
