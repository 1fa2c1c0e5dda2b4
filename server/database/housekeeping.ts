import { Change } from "./change.ts";
import type { DatabaseDeps } from "./open.ts";
import type { DatabaseTables } from "./schema.ts";

const AT_ONCE = 100;

/**
 * Forgets the rows that serialize changes: whoever wants one makes it again, and whoever waits for one that is
 * forgotten meanwhile does as well. Without this there would be one for every token that ever was counted.
 * To be run every hour or so, by any number of servers.
 */
export async function forgetHotKeys({ database }: DatabaseDeps): Promise<void> {
  const hotKeys = () => database.tables<DatabaseTables>();
  for (let after = ""; ; ) {
    const keys = hotKeys().selectFrom("hot_key").select("key").where("key", ">", after);
    const rows = await keys.orderBy("key").limit(AT_ONCE).execute();
    const change = new Change(database);
    // One by one, in the order in which changes take them: nobody waits for another in a circle.
    for (const key of rows.map((row) => row.key).sort())
      change.add(hotKeys().deleteFrom("hot_key").where("key", "=", key), { rows: "any" });
    if (!change.isEmpty) await database.commit(change);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.key;
  }
}
