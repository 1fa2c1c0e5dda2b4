import type { Migration } from "../database/index.ts";

/** What a head row names: the sets that have a say in decisions now, and whether they are only observed. */
export type HeadName = "active" | "shadow" | "canary" | "observe";

export interface PolicyTables {
  /** Sets, whole, each stored once and never changed. */
  policy_set: {
    version: string;
    hash: string;
    author: string;
    at: number;
    files: string;
    message: string | null;
  };
  /** At most one row of each name. What a decision rests on is guarded by its row. */
  policy_head: {
    name: HeadName;
    /** The set; empty for `observe`, which is about whichever decides. */
    version: string;
    /** `active`: how many have decided here. Of the others: that number when they began. */
    number: number;
    /** `active`: tokens issued under lower numbers are dead. */
    floor: number | null;
    id: string | null;
    /** `canary`: per cent of the tasks. */
    share: number | null;
    /** `observe`: when it ends by itself. */
    until: number | null;
    /** `observe`: when the log was told of it last. */
    told: number | null;
    by: string | null;
    at: number | null;
  };
  /** Which set decided since when. */
  policy_activation: {
    number: number;
    version: string;
    at: number;
    by: string;
    kind: "activate" | "rollback";
    message: string | null;
  };
  /** What a shadow would have decided otherwise, each kind of difference counted. */
  policy_difference: {
    shadow: string;
    key: string;
    difference: string;
    action: string;
    agent: string;
    active_policies: string;
    shadow_policies: string;
    example: string;
    count: number;
    first: number;
    last: number;
  };
  /** Decisions with all that they saw. */
  decision: {
    id: string;
    at: number;
    verdict: string;
    version: string;
    action: string;
    agent: string | null;
    task: string | null;
    sealed: Uint8Array;
  };
}

export const policyMigrations: Migration[] = [
  {
    name: "policy/0001-sets",
    async up(schema, types) {
      await schema
        .createTable("policy_set")
        .addColumn("version", types.text, (column) => column.primaryKey())
        .addColumn("hash", types.text, (column) => column.notNull())
        .addColumn("author", types.text, (column) => column.notNull())
        .addColumn("at", types.instant, (column) => column.notNull())
        .addColumn("files", types.json, (column) => column.notNull())
        .execute();
      await schema
        .createTable("policy_head")
        .addColumn("name", types.text, (column) => column.primaryKey())
        .addColumn("version", types.text, (column) => column.notNull())
        .addColumn("number", types.integer, (column) => column.notNull())
        .execute();
    },
  },
  {
    name: "policy/0002-administration",
    async up(schema, types) {
      await schema.alterTable("policy_set").addColumn("message", types.text).execute();
      await schema.createIndex("policy_set_time").on("policy_set").columns(["at", "version"]).execute();
      const heads = () => schema.alterTable("policy_head");
      await heads().addColumn("floor", types.integer).execute();
      await heads().addColumn("id", types.text).execute();
      await heads().addColumn("share", types.integer).execute();
      await heads().addColumn("until", types.instant).execute();
      await heads().addColumn("told", types.instant).execute();
      await heads().addColumn("by", types.text).execute();
      await heads().addColumn("at", types.instant).execute();
      await schema
        .createTable("policy_activation")
        .addColumn("number", types.integer, (column) => column.primaryKey())
        .addColumn("version", types.text, (column) => column.notNull())
        .addColumn("at", types.instant, (column) => column.notNull())
        .addColumn("by", types.text, (column) => column.notNull())
        .addColumn("kind", types.text, (column) => column.notNull())
        .addColumn("message", types.text)
        .execute();
    },
  },
  {
    name: "policy/0003-decisions",
    async up(schema, types) {
      await schema
        .createTable("policy_difference")
        .addColumn("shadow", types.text, (column) => column.notNull())
        .addColumn("key", types.text, (column) => column.notNull())
        .addColumn("difference", types.text, (column) => column.notNull())
        .addColumn("action", types.text, (column) => column.notNull())
        .addColumn("agent", types.text, (column) => column.notNull())
        .addColumn("active_policies", types.json, (column) => column.notNull())
        .addColumn("shadow_policies", types.json, (column) => column.notNull())
        .addColumn("example", types.text, (column) => column.notNull())
        .addColumn("count", types.integer, (column) => column.notNull())
        .addColumn("first", types.instant, (column) => column.notNull())
        .addColumn("last", types.instant, (column) => column.notNull())
        .addPrimaryKeyConstraint("policy_difference_key", ["shadow", "key"])
        .execute();
      await schema
        .createTable("decision")
        .addColumn("id", types.text, (column) => column.primaryKey())
        .addColumn("at", types.instant, (column) => column.notNull())
        .addColumn("verdict", types.text, (column) => column.notNull())
        .addColumn("version", types.text, (column) => column.notNull())
        .addColumn("action", types.text, (column) => column.notNull())
        .addColumn("agent", types.text)
        .addColumn("task", types.text)
        .addColumn("sealed", types.bytes, (column) => column.notNull())
        .execute();
    },
  },
];
