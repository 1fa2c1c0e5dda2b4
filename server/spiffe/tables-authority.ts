import type { Migration } from "../database/index.ts";

/** What this server's own authority has published. Only its store names them. */
export interface AuthorityTables {
  authority: {
    kid: string;
    element: string;
    certificate: string | null;
    upstream: string;
    created: number;
    expires: number | null;
    withdrawn: number | null;
  };
  own_bundle: {
    trust_domain: string;
    sequence: number;
    keys: string;
    updated: number;
  };
}

export const authorityMigrations: Migration[] = [
  {
    name: "spiffe/0002-authority",
    async up(schema, types) {
      await schema
        .createTable("authority")
        .addColumn("kid", types.text, (column) => column.primaryKey())
        .addColumn("element", types.json, (column) => column.notNull())
        .addColumn("certificate", types.text)
        .addColumn("upstream", types.json, (column) => column.notNull())
        .addColumn("created", types.instant, (column) => column.notNull())
        .addColumn("expires", types.instant)
        .addColumn("withdrawn", types.instant)
        .execute();
      await schema
        .createTable("own_bundle")
        .addColumn("trust_domain", types.text, (column) => column.primaryKey())
        .addColumn("sequence", types.integer, (column) => column.notNull())
        .addColumn("keys", types.json, (column) => column.notNull())
        .addColumn("updated", types.instant, (column) => column.notNull())
        .execute();
      await schema.alterTable("trust_domain").addColumn("endpoint_id", types.text).execute();
    },
  },
];
