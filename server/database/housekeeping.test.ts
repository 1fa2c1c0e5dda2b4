import assert from "node:assert/strict";
import { it } from "node:test";
import { forEachEngine } from "../audit/test-databases.ts";
import { Change, forgetHotKeys, type Migration } from "./index.ts";
import type { DatabaseTables } from "./schema.ts";

interface Tables {
  jar: { name: string; used: number };
}

const jars: Migration = {
  name: "test/0001-jar",
  async up(schema, types) {
    await schema
      .createTable("jar")
      .addColumn("name", types.text, (column) => column.primaryKey())
      .addColumn("used", types.integer, (column) => column.notNull())
      .execute();
  },
};

forEachEngine((engine) => {
  it("rows that serialize changes are forgotten while changes wait for them, and nobody fails or is lost", async () => {
    const { deps, database, close } = await engine.open([jars]);
    try {
      const tables = () => database.tables<Tables>();
      await database.commit(
        new Change(database).add(tables().insertInto("jar").values({ name: "a", used: 0 })),
      );
      const use = () =>
        database.commit(
          new Change(database)
            .lock("jar:a")
            .lock("jar:b")
            .add(
              tables()
                .updateTable("jar")
                .set(({ eb }) => ({ used: eb("used", "+", 1) })),
            ),
        );
      for (let round = 0; round < 20; round++)
        await Promise.all([use(), forgetHotKeys(deps), use(), use(), forgetHotKeys(deps), use()]);
      assert.deepEqual(await tables().selectFrom("jar").select("used").execute(), [{ used: 80 }]);
      await forgetHotKeys(deps);
      assert.deepEqual(
        await database.tables<DatabaseTables>().selectFrom("hot_key").selectAll().execute(),
        [],
      );
    } finally {
      await close();
    }
  });
});
