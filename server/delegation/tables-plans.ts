import type { Migration } from "../database/index.ts";

/** What came to the tables of this room after they were first made. */
export const laterMigrations: Migration[] = [
  {
    name: "delegation/0003-held",
    async up(schema) {
      await schema
        .createIndex("delegation_held")
        .on("delegation")
        .columns(["to_agent", "ended_at", "expires"])
        .execute();
    },
  },
  {
    name: "delegation/0004-plans",
    async up(schema, types) {
      await schema.alterTable("task").addColumn("plan", types.json).execute();
      await schema
        .createTable("plan_step")
        .addColumn("task", types.text, (column) => column.notNull())
        .addColumn("position", types.integer, (column) => column.notNull())
        .addColumn("calls", types.integer, (column) => column.notNull())
        .addColumn("state", types.text, (column) => column.notNull())
        .addColumn("agent", types.text, (column) => column.notNull())
        .addColumn("instance", types.text, (column) => column.notNull())
        .addColumn("evidence", types.text)
        .addColumn("reported_at", types.instant)
        .addPrimaryKeyConstraint("plan_step_key", ["task", "position"])
        .execute();
    },
  },
  {
    name: "delegation/0010-starters",
    async up(schema, types) {
      await schema.alterTable("task").addColumn("started_on", types.text).execute();
      await schema
        .createIndex("task_started_on")
        .unique()
        .on("task")
        .columns(["started_by", "started_on"])
        .execute();
      await schema.createIndex("task_agent").on("task").columns(["agent", "state"]).execute();
    },
  },
  {
    name: "delegation/0011-max-depth",
    async up(schema, types) {
      await schema.alterTable("delegation").addColumn("max_depth", types.integer).execute();
    },
  },
];
