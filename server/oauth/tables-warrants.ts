import type { Migration } from "../database/index.ts";

/** Warrants that were signed here, and links of them that were presented here. */
export interface WarrantTables {
  warrant: {
    jti: string;
    /** The root of its chain; its own id for a root. */
    root: string;
    /** The delegation that it is, or of a root rests on. */
    edge: string;
    agent: string;
    /** Thumbprint of the key that holds it. */
    jkt: string;
    /** base64url SHA-256 of what was signed of it. */
    hash: string;
    expires: number;
    seen_at: number;
  };
}

export const warrantMigration: Migration = {
  name: "oauth/0006-warrants",
  async up(schema, types) {
    await schema
      .createTable("warrant")
      .addColumn("jti", types.text, (column) => column.primaryKey())
      .addColumn("root", types.text, (column) => column.notNull())
      .addColumn("edge", types.text, (column) => column.notNull())
      .addColumn("agent", types.text, (column) => column.notNull())
      .addColumn("jkt", types.text, (column) => column.notNull())
      .addColumn("hash", types.text, (column) => column.notNull())
      .addColumn("expires", types.instant, (column) => column.notNull())
      .addColumn("seen_at", types.instant, (column) => column.notNull())
      .execute();
    await schema.createIndex("warrant_root").on("warrant").column("root").execute();
  },
};
