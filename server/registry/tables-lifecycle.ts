import type { ColumnTypes, Migration } from "../database/index.ts";

type Schema = Parameters<Migration["up"]>[0];

/** Columns of `agent` that say how its life goes on by itself. Times in milliseconds. */
export interface LifecycleColumns {
  unattested_since: number | null;
  /** How long it may be silent; the server's own span where nothing is said. */
  dormant_after: number | null;
  /** When its own span is over, counted from when it was last active. */
  dormant_at: number | null;
  orphaned_since: number | null;
  /** When an orphan's grace is over. */
  grace_ends: number | null;
  /** The owners who gave it away by themselves, as JSON. */
  given_away_by: string | null;
  /** The word under which its changes are told. */
  watch: string | null;
  /** Raised when it loses access by somebody's word, or its class. */
  access: number;
}

/** Columns of `agent` by which policies and reviews speak of many. */
export interface TaxonomyColumns {
  autonomy: string | null;
  sensitivity: string | null;
  criticality: string | null;
  triggers: string | null;
}

export const lifecycleMigrations: Migration[] = [
  { name: "registry/0009-unattested", up: addUnattested },
  { name: "registry/0010-dormant-and-orphaned", up: addDormantAndOrphaned },
  { name: "registry/0011-taxonomy", up: addTaxonomy },
  { name: "registry/0016-givers", up: addGivers },
  { name: "registry/0017-access", up: addAccess },
];

/** Agents that must prove themselves anew. */
async function addUnattested(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema.alterTable("agent").addColumn("unattested_since", types.instant).execute();
}

/** The indexes are what the chores look through: those that have been silent, and those whose grace is over. */
async function addDormantAndOrphaned(schema: Schema, types: ColumnTypes): Promise<void> {
  for (const column of ["dormant_after", "dormant_at", "orphaned_since", "grace_ends"])
    await schema.alterTable("agent").addColumn(column, types.instant).execute();
  await schema.alterTable("agent").addColumn("handed_over_by", types.text).execute();
  await indexed(schema, "silence", ["status", "dormant_after", "last_active"]);
  await indexed(schema, "dormant", ["status", "dormant_at"]);
  await indexed(schema, "grace", ["status", "grace_ends"]);
  await schema.createIndex("service_owner").on("service").columns(["owner", "id"]).execute();
}

/** Lists are cut by these, in the order of names. */
async function addTaxonomy(schema: Schema, types: ColumnTypes): Promise<void> {
  for (const column of ["autonomy", "sensitivity", "criticality"])
    await schema.alterTable("agent").addColumn(column, types.text).execute();
  await schema.alterTable("agent").addColumn("triggers", types.json).execute();
  for (const column of LISTED_BY) await indexed(schema, column, [column, "name"]);
}

/** All who gave an agent away, in place of the last one. */
async function addGivers(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema.alterTable("agent").dropColumn("handed_over_by").execute();
  await schema.alterTable("agent").addColumn("given_away_by", types.json).execute();
}

/** By which columns lists are cut, besides the owner. */
export const LISTED_BY = [
  "class",
  "environment",
  "team",
  "status",
  "autonomy",
  "sensitivity",
  "criticality",
] as const;

const indexed = (schema: Schema, name: string, columns: string[]): Promise<void> =>
  schema.createIndex(`agent_${name}`).on("agent").columns(columns).execute();

/** What was delegated to an agent ends when it loses access, and not when it is narrowed. */
async function addAccess(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .alterTable("agent")
    .addColumn("access", types.integer, (column) => column.notNull().defaultTo(0))
    .execute();
}
