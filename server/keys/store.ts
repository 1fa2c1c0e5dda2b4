import type { Change, Database, Migration } from "../database/index.ts";
import type { KeySummary } from "./key-ring.ts";

/** Which keys the log has been told of: never the keys. */
export interface KeysTables {
  known_key: { kid: string; purpose: string; recorded: number; destroyed: number | null };
}

export type KnownKey = Pick<KeysTables["known_key"], "kid" | "purpose" | "destroyed">;

export const keysMigrations: Migration[] = [
  {
    name: "keys/0001-known-key",
    async up(schema, types) {
      await schema
        .createTable("known_key")
        .addColumn("kid", types.text, (column) => column.primaryKey())
        .addColumn("purpose", types.text, (column) => column.notNull())
        .addColumn("recorded", types.instant, (column) => column.notNull())
        .addColumn("destroyed", types.instant)
        .execute();
    },
  },
];

/** The keys that the log knows, destroyed ones too: a few for each year. */
export const knownKeys = (database: Database): Promise<KnownKey[]> =>
  database.tables<KeysTables>().selectFrom("known_key").select(["kid", "purpose", "destroyed"]).execute();

export function insertKnownKey(change: Change, { kid, purpose }: KeySummary, recorded: number): void {
  const row = { kid, purpose, recorded, destroyed: null };
  change.add(change.tables<KeysTables>().insertInto("known_key").values(row));
}

/** One server marks it; the others decide again and find it marked. */
export function markDestroyed(change: Change, { kid }: KeySummary, destroyed: number): void {
  const update = change.tables<KeysTables>().updateTable("known_key").set({ destroyed });
  change.add(update.where("kid", "=", kid).where("destroyed", "is", null));
}
