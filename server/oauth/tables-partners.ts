import type { Migration } from "../database/index.ts";

/** What came from other domains, and to whom assertions go. */
export interface PartnerTables {
  /** Assertions that began a task, until they are stale by themselves. */
  accepted_assertion: {
    key: string;
    /** The one request that it was accepted for. */
    request: string;
    task: string;
    edge: string;
    expires: number;
  };
  /** Authorization servers of other domains. */
  partner: { name: string; audience: string; definition: string; state: string; revision: number };
  /** By what name a person is known there. */
  partner_subject: { partner: string; person: string; subject: string };
}

export const partnerMigration: Migration = {
  name: "oauth/0007-partners",
  async up(schema, types) {
    await schema
      .createTable("accepted_assertion")
      .addColumn("key", types.text, (column) => column.primaryKey())
      .addColumn("request", types.text, (column) => column.notNull())
      .addColumn("task", types.text, (column) => column.notNull())
      .addColumn("edge", types.text, (column) => column.notNull())
      .addColumn("expires", types.instant, (column) => column.notNull())
      .execute();
    await schema
      .createIndex("accepted_assertion_expires")
      .on("accepted_assertion")
      .column("expires")
      .execute();
    await schema
      .createTable("partner")
      .addColumn("name", types.text, (column) => column.primaryKey())
      .addColumn("audience", types.text, (column) => column.notNull().unique())
      .addColumn("definition", types.json, (column) => column.notNull())
      .addColumn("state", types.text, (column) => column.notNull())
      .addColumn("revision", types.integer, (column) => column.notNull())
      .execute();
    await schema
      .createTable("partner_subject")
      .addColumn("partner", types.text, (column) => column.notNull())
      .addColumn("person", types.text, (column) => column.notNull())
      .addColumn("subject", types.text, (column) => column.notNull())
      .addPrimaryKeyConstraint("partner_subject_key", ["partner", "person"])
      .addUniqueConstraint("partner_subject_name", ["partner", "subject"])
      .execute();
  },
};
