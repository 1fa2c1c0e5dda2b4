import type { Migration } from "../database/index.ts";

/** Whom agents may show an identity token to. Only its store names the table. */
export interface FederationTables {
  federation: { agent: string; audiences: string; revision: number };
}

export const federationMigrations: Migration[] = [
  {
    name: "oauth/0008-federation",
    async up(schema, types) {
      await schema
        .createTable("federation")
        .addColumn("agent", types.text, (column) => column.primaryKey())
        .addColumn("audiences", types.json, (column) => column.notNull())
        .addColumn("revision", types.integer, (column) => column.notNull())
        .execute();
    },
  },
];
