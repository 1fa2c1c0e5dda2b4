import type { Migration } from "../database/index.ts";
import { authorityMigrations } from "./tables-authority.ts";

/** The tables of this room. Only its store names them. */
export interface SpiffeTables {
  trust_domain: {
    name: string;
    id: string;
    endpoint: string | null;
    endpoint_id: string | null;
    bundle: string;
    updated: number;
    revision: number;
  };
  foreign_workload: {
    id: string;
    trust_domain: string;
    spiffe_id: string;
    kind: string;
    principal: string;
    created: number;
  };
}

export const spiffeMigrations: Migration[] = [
  {
    name: "spiffe/0001-trust-domains",
    async up(schema, types) {
      await schema
        .createTable("trust_domain")
        .addColumn("name", types.text, (column) => column.primaryKey())
        .addColumn("id", types.text, (column) => column.notNull().unique())
        .addColumn("endpoint", types.text)
        .addColumn("bundle", types.json, (column) => column.notNull())
        .addColumn("updated", types.instant, (column) => column.notNull())
        .addColumn("revision", types.integer, (column) => column.notNull())
        .execute();
      await schema
        .createTable("foreign_workload")
        .addColumn("id", types.text, (column) => column.primaryKey())
        .addColumn("trust_domain", types.text, (column) => column.notNull())
        .addColumn("spiffe_id", types.text, (column) => column.notNull().unique())
        .addColumn("kind", types.text, (column) => column.notNull())
        .addColumn("principal", types.text, (column) => column.notNull())
        .addColumn("created", types.instant, (column) => column.notNull())
        .execute();
      await schema
        .createIndex("foreign_workload_domain")
        .on("foreign_workload")
        .columns(["trust_domain", "id"])
        .execute();
    },
  },
  ...authorityMigrations,
];
