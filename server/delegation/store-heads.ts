import type { Change, Database, HotKey } from "../database/index.ts";
import type { DelegationTables } from "./tables.ts";

/** A head as it was read: whatever is remembered under its key has not moved as long as it stands there. */
export interface Head {
  readonly key: HotKey;
  readonly version: number;
}

/** These heads as they stand; one that nothing has moved yet stands at 0. */
export async function headsAt(database: Database, keys: readonly HotKey[]): Promise<Head[]> {
  if (keys.length === 0) return [];
  const heads = database.tables<DelegationTables>().selectFrom("call_head").selectAll();
  const rows = await heads.where("key", "in", keys).execute();
  return keys.map((key) => ({ key, version: rows.find((row) => row.key === key)?.version ?? 0 }));
}

/** Moves a head on from where it was read. Where another change was first, the verb decides again. */
export function moveHead(change: Change, { key, version }: Head): void {
  const tables = change.lock(key).tables<DelegationTables>();
  const next = { version: version + 1 };
  if (version === 0) change.add(tables.insertInto("call_head").values({ key, ...next }));
  else
    change.add(
      tables.updateTable("call_head").set(next).where("key", "=", key).where("version", "=", version),
    );
}

/** Moves a head on from wherever it is, so that whoever decided on it decides again. */
export function pushHead(change: Change, key: HotKey): void {
  const insert = change
    .lock(key)
    .tables<DelegationTables>()
    .insertInto("call_head")
    .values({ key, version: 1 });
  change.add(
    insert.onConflict((conflict) =>
      conflict
        .column("key")
        .doUpdateSet(({ ref, eb }) => ({ version: eb(ref("call_head.version"), "+", 1) })),
    ),
  );
}
