import type { Migration } from "../database/index.ts";

export interface ApprovalsTables {
  approval: {
    id: string;
    /** The subject while the request stands, else null: unique, so one stands at most. */
    subject: string | null;
    state: string;
    created: number;
    expires: number;
    answers: number;
    /** JSON of what was asked. */
    asked: string;
    reserved_by: string | null;
    reserved_until: number | null;
    /** Whom the approval would be for, and the task: what one holder asks is counted. */
    holder: string | null;
    task: string | null;
  };
  /** Where a request waits: `person:<id>` or `group:<name>`. */
  approval_audience: { audience: string; approval: string };
  /** Signed answers, with what anyone needs to verify them. */
  receipt: {
    id: string;
    approval: string;
    requirement: string;
    person: string;
    decision: "approve" | "deny";
    receipt: string;
    assertion: string;
    at: number;
  };
}

export const approvalsMigrations: Migration[] = [
  {
    name: "approvals/0001-requests",
    async up(schema, types) {
      await schema
        .createTable("approval")
        .addColumn("id", types.text, (column) => column.primaryKey())
        .addColumn("subject", types.text, (column) => column.unique())
        .addColumn("state", types.text, (column) => column.notNull())
        .addColumn("created", types.instant, (column) => column.notNull())
        .addColumn("expires", types.instant, (column) => column.notNull())
        .addColumn("answers", types.integer, (column) => column.notNull())
        .addColumn("asked", types.json, (column) => column.notNull())
        .addColumn("reserved_by", types.text)
        .addColumn("reserved_until", types.instant)
        .execute();
      await schema.createIndex("approval_standing").on("approval").columns(["state", "expires"]).execute();
      await schema
        .createTable("approval_audience")
        .addColumn("audience", types.text, (column) => column.notNull())
        .addColumn("approval", types.text, (column) => column.notNull())
        .addPrimaryKeyConstraint("approval_audience_key", ["audience", "approval"])
        .execute();
      await schema
        .createTable("receipt")
        .addColumn("id", types.text, (column) => column.primaryKey())
        .addColumn("approval", types.text, (column) => column.notNull())
        .addColumn("requirement", types.text, (column) => column.notNull())
        .addColumn("person", types.text, (column) => column.notNull())
        .addColumn("decision", types.text, (column) => column.notNull())
        .addColumn("receipt", types.json, (column) => column.notNull())
        .addColumn("assertion", types.json, (column) => column.notNull())
        .addColumn("at", types.instant, (column) => column.notNull())
        .addUniqueConstraint("receipt_once", ["approval", "requirement", "person"])
        .execute();
    },
  },
  {
    name: "approvals/0002-holders",
    async up(schema, types) {
      await schema.alterTable("approval").addColumn("holder", types.text).execute();
      await schema.alterTable("approval").addColumn("task", types.text).execute();
      await schema.createIndex("approval_holder").on("approval").columns(["holder", "created"]).execute();
    },
  },
];
