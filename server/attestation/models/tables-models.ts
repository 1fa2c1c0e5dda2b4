import type { Migration } from "../../database/index.ts";

/** The tables of models. Only their store names them. */
export interface ModelTables {
  model_version: {
    id: string;
    name: string;
    root: string;
    resources: string;
    signer: string;
    fingerprint: string;
    expires: number | null;
    status: string;
    registered: number;
    revision: number;
  };
  model_origin: {
    model: string;
    signer: string;
    fingerprint: string;
    expires: number | null;
    signed: string;
    origin: string;
    brought: number;
  };
}

export const modelMigrations: Migration[] = [
  {
    name: "attestation/0004-models",
    async up(schema, types) {
      await schema
        .createTable("model_version")
        .addColumn("id", types.text, (column) => column.primaryKey())
        .addColumn("name", types.text, (column) => column.notNull())
        .addColumn("root", types.text, (column) => column.notNull())
        .addColumn("resources", types.json, (column) => column.notNull())
        .addColumn("signer", types.text, (column) => column.notNull())
        .addColumn("fingerprint", types.text, (column) => column.notNull())
        .addColumn("expires", types.instant)
        .addColumn("status", types.text, (column) => column.notNull())
        .addColumn("registered", types.instant, (column) => column.notNull())
        .addColumn("revision", types.integer, (column) => column.notNull())
        .addUniqueConstraint("model_version_once", ["name", "root"])
        .execute();
      await schema
        .createTable("model_origin")
        .addColumn("model", types.text, (column) => column.primaryKey())
        .addColumn("signer", types.text, (column) => column.notNull())
        .addColumn("fingerprint", types.text, (column) => column.notNull())
        .addColumn("expires", types.instant)
        .addColumn("signed", types.text, (column) => column.notNull())
        .addColumn("origin", types.json, (column) => column.notNull())
        .addColumn("brought", types.instant, (column) => column.notNull())
        .execute();
    },
  },
];
