import type { Migration } from "../database/index.ts";

/** The place of each token in the status lists. */
export interface StatusTables {
  token_status: {
    /** The list's number times the places of a list, and the place in it. */
    slot: number;
    jti: string;
  };
}

export const statusMigrations: Migration[] = [
  {
    name: "oauth/0005-status",
    async up(schema, types) {
      await schema
        .createTable("token_status")
        .addColumn("slot", types.integer, (column) => column.primaryKey())
        .addColumn("jti", types.text, (column) => column.notNull())
        .execute();
    },
  },
];
