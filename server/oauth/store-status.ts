import type { Kysely } from "kysely";
import { type Change, type Database, type Given, writing } from "../database/index.ts";
import type { OauthTables } from "./tables.ts";
import type { StatusTables } from "./tables-status.ts";

/** Takes a place for a token. Where it is taken already the change conflicts, and is decided again. */
export function insertPlace(change: Change, slot: number, jti: string): void {
  change.add(place(change, { slot, jti }));
}

const place = writing((tables: Kysely<StatusTables>, given: Given<{ slot: number; jti: string }>) =>
  tables.insertInto("token_status").values({ slot: given("slot"), jti: given("jti") }),
);

/** A token's place, and the dead keys that kill it. */
export interface Placed {
  readonly slot: number;
  readonly rev: readonly string[];
}

/** The tokens with places from `from` up to, but not including, `to`, in their order. */
export async function placedBetween(
  database: Database,
  { from, to, limit }: { from: number; to: number; limit: number },
): Promise<Placed[]> {
  const rows = await database
    .tables<StatusTables & OauthTables>()
    .selectFrom("token_status")
    .innerJoin("token", "token.jti", "token_status.jti")
    .select(["token_status.slot", "token.rev"])
    .where("token_status.slot", ">=", from)
    .where("token_status.slot", "<", to)
    .orderBy("token_status.slot")
    .limit(limit)
    .execute();
  return rows.map(({ slot, rev }) => ({ slot, rev: JSON.parse(rev) as string[] }));
}

/** Gives up the places below this one: all their tokens have expired. */
export function deletePlacesBelow(change: Change, slot: number): void {
  const places = change.tables<StatusTables>().deleteFrom("token_status");
  change.add(places.where("slot", "<", slot), { rows: "any" });
}
