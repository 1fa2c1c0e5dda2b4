import type { Migration } from "../database/index.ts";

/** Windows are counted by the second behind the last minute: a busy agent's hour is not a row for each call. */
export const windowSeconds: Migration = {
  name: "delegation/0007-window-seconds",
  async up(schema, types) {
    await schema
      .alterTable("window_call")
      .addColumn("summing", types.integer, (column) => column.notNull().defaultTo(0))
      .execute();
    await schema
      .createTable("window_second")
      .addColumn("counted", types.text, (column) => column.notNull())
      .addColumn("whose", types.text, (column) => column.notNull())
      .addColumn("second", types.instant, (column) => column.notNull())
      .addColumn("calls", types.integer, (column) => column.notNull())
      .addPrimaryKeyConstraint("window_second_key", ["counted", "whose", "second"])
      .execute();
    await schema.createIndex("window_second_second").on("window_second").column("second").execute();
  },
};
