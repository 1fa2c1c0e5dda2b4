import assert from "node:assert/strict";
import { test } from "node:test";
import SqliteDatabase from "better-sqlite3";
import { Kysely, sql } from "kysely";
import { SqliteReader } from "./sqlite-reader.ts";

interface Tables {
  word: { text: string };
}

/** A reader whose file holds two words. */
function reader(): Kysely<Tables> {
  const connection = new SqliteDatabase(":memory:");
  connection.exec("create table word (text text); insert into word values ('a'), ('b')");
  connection.pragma("query_only = true");
  return new Kysely<Tables>({ dialect: new SqliteReader(connection).dialect });
}

test("many reads at once are each answered with their own rows, also when some of them fail", async () => {
  const kysely = reader();
  const asked = Array.from({ length: 1_500 }, (_, i) =>
    i % 100 === 7
      ? sql`select nothing`.execute(kysely)
      : sql<{
          i: number;
          text: string;
        }>`select ${i} as i, text from word where ${sql.raw(`${i}`)} = ${i}`.execute(kysely),
  );
  const answers = await Promise.allSettled(asked);
  for (const [i, answer] of answers.entries()) {
    if (i % 100 === 7) assert.equal(answer.status, "rejected");
    else
      assert.deepEqual(answer.status === "fulfilled" && answer.value.rows, [
        { i, text: "a" },
        { i, text: "b" },
      ]);
  }
  await kysely.destroy();
});

test("what reads can neither write nor begin a transaction", async () => {
  const kysely = reader();
  await assert.rejects(kysely.insertInto("word").values({ text: "c" }).execute());
  await assert.rejects(
    kysely.transaction().execute(async () => {}),
    /through a change/,
  );
  assert.equal((await kysely.selectFrom("word").selectAll().execute()).length, 2);
  await kysely.destroy();
});
