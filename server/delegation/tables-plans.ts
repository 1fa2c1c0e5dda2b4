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
];
