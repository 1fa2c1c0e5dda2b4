import type { Migration } from "../database/index.ts";

/** The epoch of an agent's own authority at a resource, on each token that rests on it. */
export const standingMigration: Migration = {
  name: "oauth/0002-standing-epoch",
  async up(schema, types) {
    await schema.alterTable("token").addColumn("standing", types.integer).execute();
    await schema.dropIndex("token_standing").execute();
    await schema
      .createIndex("token_standing_epoch")
      .on("token")
      .columns(["agent", "audience", "standing", "expires"])
      .execute();
  },
};
