import { type Kysely, sql } from "kysely";
import {
  type Change,
  type Database,
  type Given,
  type HotKey,
  keepingIn,
  writing,
} from "../database/index.ts";
import type { DelegationTables } from "./tables.ts";

/** A head as it was read: whatever is remembered under its key has not moved as long as it stands there. */
export interface Head {
  readonly key: HotKey;
  /** 0 where there is none. */
  readonly version: number;
  /** Where there is none: above which it would begin, see `FLOOR`. */
  readonly floor?: number;
}

/**
 * The highest version of a head that was ever pruned. New heads begin above it, so that none stands again where
 * a decision saw it before it was pruned; and whoever saw none is held to the floor that it saw.
 */
const FLOOR: HotKey = "pruned:heads";

/** These heads as they stand. */
export async function headsAt(database: Database, keys: readonly HotKey[]): Promise<Head[]> {
  if (keys.length === 0) return [];
  const rows = await headsIn(database, [...keys, FLOOR]);
  const versions = new Map(rows.map(({ key, version }) => [key, version]));
  const floor = versions.get(FLOOR) ?? 0;
  return keys.map((key) => {
    const version = versions.get(key);
    return version === undefined ? { key, version: 0, floor } : { key, version };
  });
}

const headsIn = keepingIn((tables: Kysely<DelegationTables>, keys) =>
  tables.selectFrom("call_head").selectAll().where("key", "in", keys),
);

/** Moves a head on from where it was read. Where another change was first, the verb decides again. */
export function moveHead(change: Change, { key, version, floor }: Head): void {
  const tables = change.lock(key).tables<DelegationTables>();
  if (version > 0) {
    const moved = tables
      .updateTable("call_head")
      .set({ version: version + 1 })
      .where("key", "=", key);
    change.add(moved.where("version", "=", version));
    return;
  }
  if (floor !== undefined) requireFloor(change, floor);
  change.add(tables.insertInto("call_head").values({ key, version: aboveFloor() }));
}

/** A guard: a head still stands where it was read. One that nothing has moved yet begins to stand. */
export function holdHead(change: Change, head: Head): void {
  if (head.version === 0) moveHead(change, head);
  else change.require(standing(change, head));
}

const standing = writing((tables: Kysely<DelegationTables>, given: Given<Head>) =>
  tables
    .selectFrom("call_head")
    .select("key")
    .where("key", "=", given("key"))
    .where("version", "=", given("version")),
);

/** Moves a head on from wherever it is, so that whoever decided on it decides again. */
export function pushHead(change: Change, key: HotKey): void {
  const insert = change
    .lock(key)
    .tables<DelegationTables>()
    .insertInto("call_head")
    .values({ key, version: aboveFloor() });
  change.add(
    insert.onConflict((conflict) =>
      conflict
        .column("key")
        .doUpdateSet(({ ref, eb }) => ({ version: eb(ref("call_head.version"), "+", 1) })),
    ),
  );
}

/** A page of heads in the order of their keys. */
export function headsAfter(database: Database, after: string, limit: number): Promise<Head[]> {
  const heads = database.tables<DelegationTables>().selectFrom("call_head").selectAll();
  const others = heads.where("key", ">", after).where("key", "!=", FLOOR);
  return others.orderBy("key").limit(limit).execute() as Promise<Head[]>;
}

/** Forgets heads that still stand where they were read; whoever decides on one of them decides again. */
export function pruneHeads(change: Change, heads: readonly Head[]): void {
  const tables = change.tables<DelegationTables>();
  const highest = Math.max(...heads.map(({ version }) => version));
  beginFloor(change);
  const raised = tables.updateTable("call_head").set({ version: highest }).where("key", "=", FLOOR);
  change.add(raised.where("version", "<", highest), { rows: "any" });
  for (const { key, version } of heads) {
    const pruned = tables.deleteFrom("call_head").where("key", "=", key).where("version", "=", version);
    change.add(pruned, { rows: "any" });
  }
}

const aboveFloor = () =>
  sql<number>`coalesce((select "version" from "call_head" where "key" = ${FLOOR}), 0) + 1`;

function requireFloor(change: Change, floor: number): void {
  beginFloor(change);
  const floors = change.tables<DelegationTables>().selectFrom("call_head").select("key");
  change.require(floors.where("key", "=", FLOOR).where("version", "=", floor));
}

function beginFloor(change: Change): void {
  const insert = change.tables<DelegationTables>().insertInto("call_head").values({ key: FLOOR, version: 0 });
  change.add(
    insert.onConflict((conflict) => conflict.doNothing()),
    { rows: "any" },
  );
}
