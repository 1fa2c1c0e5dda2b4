import type { ColumnDataType, Kysely, RawBuilder } from "kysely";
import { sql } from "kysely";

export type Engine = "sqlite" | "postgres";

/**
 * One portable schema: text ids compared byte by byte, times as integer milliseconds, JSON as text,
 * bytes as bytes, truth as 0 or 1.
 */
export interface ColumnTypes {
  readonly text: RawBuilder<unknown>;
  readonly instant: ColumnDataType;
  readonly integer: ColumnDataType;
  readonly json: ColumnDataType;
  readonly bytes: RawBuilder<unknown>;
}

export function columnTypes(engine: Engine): ColumnTypes {
  const postgres = engine === "postgres";
  return {
    // PostgreSQL would otherwise sort by the locale of whoever ran initdb; SQLite sorts by bytes.
    text: postgres ? sql`text collate "C"` : sql`text`,
    instant: "bigint",
    integer: "bigint",
    json: "text",
    bytes: postgres ? sql`bytea` : sql`blob`,
  };
}

/** One step in the life of the schema. Rooms own their tables and write their own. */
export interface Migration {
  /** `room/0001-what`, unique and never renamed. */
  readonly name: `${string}/${string}`;
  /** @param rows for what rows must say from then on; tables as they were at this step, whatever came after */
  up(schema: Kysely<never>["schema"], types: ColumnTypes, rows: Kysely<object>): Promise<void>;
}

/** Tables of the database room itself. */
export interface DatabaseTables {
  hot_key: { key: string; version: number };
  migration: { name: string; at: number };
}

export const databaseMigrations: Migration[] = [
  {
    name: "database/0001-hot-key",
    async up(schema, types) {
      await schema
        .createTable("hot_key")
        .addColumn("key", types.text, (column) => column.primaryKey())
        .addColumn("version", types.integer, (column) => column.notNull())
        .execute();
    },
  },
];
