import type { Migration } from "../database/index.ts";

/** That something about an agent changed, for those who asked about it. */
export interface ChangeTables {
  /** `watch` is the word by which those who were told of the agent know it. Place 1, 2, 3, … without a gap. */
  agent_change: { seq: number; watch: string; at: number };
  /** One row: the place of the last change. */
  agent_change_head: { name: string; seq: number };
}

export const changeMigration: Migration = {
  name: "registry/0013-changes",
  async up(schema, types) {
    await schema.alterTable("agent").addColumn("watch", types.text).execute();
    await schema
      .createTable("agent_change")
      .addColumn("seq", types.integer, (column) => column.primaryKey())
      .addColumn("watch", types.text, (column) => column.notNull())
      .addColumn("at", types.instant, (column) => column.notNull())
      .execute();
    await schema
      .createTable("agent_change_head")
      .addColumn("name", types.text, (column) => column.primaryKey())
      .addColumn("seq", types.integer, (column) => column.notNull())
      .execute();
  },
};
