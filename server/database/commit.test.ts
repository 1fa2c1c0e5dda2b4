import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { type Kysely, sql } from "kysely";
import { forEachEngine, type TestDatabase } from "../audit/test-databases.ts";
import { Fault } from "../lib/index.ts";
import {
  Change,
  Conflict,
  type Given,
  keeping,
  type Migration,
  openDatabase,
  openDatabaseAsItIs,
  reading,
  writing,
} from "./index.ts";

interface Tables {
  jar: { name: string; used: number; most: number };
  mark: { id: string; jar: string };
}

const migrations: Migration[] = [
  {
    name: "test/0001-jars",
    async up(schema, types) {
      await schema
        .createTable("jar")
        .addColumn("name", types.text, (column) => column.primaryKey())
        .addColumn("used", types.integer, (column) => column.notNull())
        .addColumn("most", types.integer, (column) => column.notNull())
        .execute();
      await schema
        .createTable("mark")
        .addColumn("id", types.text, (column) => column.primaryKey())
        .addColumn("jar", types.text, (column) => column.notNull())
        .execute();
    },
  },
];

forEachEngine((engine) => {
  let open: TestDatabase;
  before(async () => {
    open = await engine.open(migrations);
  });
  after(() => open.close());

  it("a store below servers that run is opened as it is, and never migrated", async () => {
    if (engine.name !== "postgres") return;
    const asItIs = (wanted: typeof migrations) => openDatabaseAsItIs(open.deps, open.location, wanted);
    const more = { name: "future/0001-more", up: async () => assert.fail("nothing is migrated") } as const;
    await assert.rejects(asItIs([...migrations, more]), {
      code: "unavailable",
      message: /older Countersign/,
    });
    await assert.rejects(asItIs([]), { code: "unavailable", message: /newer Countersign/ });
    await (await asItIs(migrations)).close();
  });

  const tables = () => open.database.tables<Tables>();
  const change = () => new Change(open.database);
  const addJar = (name: string, most: number) =>
    open.database.commit(change().add(tables().insertInto("jar").values({ name, used: 0, most })));
  const take = (name: string) =>
    tables()
      .updateTable("jar")
      .set((update) => ({ used: update("used", "+", 1) }))
      .where("name", "=", name)
      .whereRef("used", "<", "most");
  const marks = async (jar: string) =>
    (await tables().selectFrom("mark").selectAll().where("jar", "=", jar).execute()).length;

  it("a statement that is built once is given its values each time, also when it is written and guarded", async () => {
    const jarNamed = reading((jars: Kysely<Tables>, given: Given<{ name: string; least: number }>) =>
      jars
        .selectFrom("jar")
        .select("most")
        .where("name", "=", given("name"))
        .where("most", ">=", given("least")),
    );
    const insert = writing((jars: Kysely<Tables>, given: Given<{ name: string; most: number }>) =>
      jars.insertInto("jar").values({ name: given("name"), used: 7, most: given("most") }),
    );
    const full = writing((jars: Kysely<Tables>, given: Given<{ name: string }>) =>
      jars.selectFrom("jar").select("name").where("name", "=", given("name")).where("used", "=", 7),
    );
    for (const [name, most] of [
      ["built-1", 3],
      ["built-2", 5],
      ["'; --", 9],
    ] as const) {
      const attempt = change();
      await open.database.commit(
        attempt.add(insert(attempt, { name, most })).require(full(attempt, { name })),
      );
      assert.deepEqual(await jarNamed(open.database, { name, least: 0 }), [{ most }]);
      assert.deepEqual(await jarNamed(open.database, { name, least: most + 1 }), []);
    }
    const attempt = change();
    await assert.rejects(open.database.commit(attempt.require(full(attempt, { name: "built-3" }))), Conflict);
  });

  it("however many different statements there are, each means what it says", async () => {
    await addJar("many", 10_000);
    const different = (n: number) =>
      change().add(
        tables()
          .updateTable("jar")
          .set((update) => ({ used: sql<number>`${update.ref("used")} + ${sql.lit(n)}` }))
          .where("name", "=", "many"),
      );
    const numbers = Array.from({ length: 2_100 }, (_, n) => n + 1);
    await Promise.all(numbers.map((n) => open.database.commit(different(n))));
    await Promise.all(numbers.map((n) => open.database.commit(different(-n))));
    await open.database.commit(different(41));
    const [jar] = await tables().selectFrom("jar").select("used").where("name", "=", "many").execute();
    assert.equal(jar?.used, 41);
  });

  it("what is kept of a read is what a change has left, as soon as that is answered", async () => {
    const usedOf = keeping((jars: Kysely<Tables>, given: Given<{ name: string }>) =>
      jars.selectFrom("jar").select("used").where("name", "=", given("name")),
    );
    assert.deepEqual(await usedOf(open.database, { name: "kept" }), []);
    await addJar("kept", 2);
    assert.deepEqual(await usedOf(open.database, { name: "kept" }), [{ used: 0 }]);
    await open.database.commit(change().add(take("kept")));
    assert.deepEqual(await usedOf(open.database, { name: "kept" }), [{ used: 1 }]);
    await assert.rejects(open.database.commit(change().add(take("kept")).add(take("no such jar"))), Conflict);
    assert.deepEqual(await usedOf(open.database, { name: "kept" }), [{ used: 1 }]);
  });

  it("what raw SQL reads cannot be told, so it is not kept", () => {
    const raw = keeping((jars: Kysely<Tables>) =>
      jars.selectFrom("jar").select(sql<number>`(select count(*) from mark)`.as("marks")),
    );
    assert.throws(() => raw(open.database, {}), /cannot be told/);
  });

  it("of changes that arrive together those that hold are written, whatever becomes of the others", async () => {
    await addJar("together", 3);
    const attempts = Array.from({ length: 9 }, (_, nth) =>
      open.database.commit(
        change()
          .add(take("together"))
          .add(
            tables()
              .insertInto("mark")
              .values({ id: `together-${nth}`, jar: "together" }),
          )
          .require(
            tables()
              .selectFrom("jar")
              .select("name")
              .where("name", "=", nth % 2 ? "together" : "none"),
          ),
      ),
    );
    const settled = await Promise.allSettled(attempts);
    const held = settled.flatMap(({ status }, nth) => (status === "fulfilled" ? [`together-${nth}`] : []));
    assert.equal(held.length, 3);
    const rows = await tables().selectFrom("mark").select("id").where("jar", "=", "together").execute();
    assert.deepEqual(rows.map(({ id }) => id).sort(), held);
  });

  it("a guard that hits no row rolls back everything before and after it", async () => {
    const attempt = change()
      .add(tables().insertInto("mark").values({ id: "guard-1", jar: "none" }))
      .add(take("there is no such jar"))
      .add(tables().insertInto("mark").values({ id: "guard-2", jar: "none" }));
    await assert.rejects(open.database.commit(attempt), Conflict);
    assert.equal(await marks("none"), 0);
  });

  it("a guard with a refusal of its own refuses with it", async () => {
    const attempt = change().add(take("there is no such jar"), { rows: 1, otherwise: "gone" });
    await assert.rejects(
      open.database.commit(attempt),
      (fault) => fault instanceof Fault && fault.code === "gone",
    );
  });

  it("a fact that no longer holds stops the change", async () => {
    await addJar("fact", 1);
    const full = tables().selectFrom("jar").select("name").where("name", "=", "fact").where("used", "=", 1);
    const attempt = change()
      .require(full)
      .add(tables().insertInto("mark").values({ id: "fact", jar: "fact" }));
    await assert.rejects(open.database.commit(attempt), Conflict);
    await open.database.commit(change().add(take("fact")));
    await open.database.commit(attempt);
    assert.equal(await marks("fact"), 1);
  });

  it("a name that is taken meanwhile is a conflict, not an error", async () => {
    await addJar("taken", 1);
    await assert.rejects(addJar("taken", 1), Conflict);
  });

  it("a broken change is told as a failure, and the changes beside it go through", async () => {
    const broken = change().add(
      tables()
        .insertInto("mark")
        .values({ id: "broken", jar: null as never }),
    );
    const [failed, fine] = await Promise.allSettled([open.database.commit(broken), addJar("beside", 1)]);
    assert.equal(failed.status, "rejected");
    assert.ok(failed.reason instanceof Fault && failed.reason.code === "unavailable");
    assert.equal(fine.status, "fulfilled");
  });

  it("of 300 takers at once, through two handles, exactly as many get one as there are", async () => {
    await addJar("counted", 100);
    const second =
      engine.name === "postgres" ? await openDatabase(open.deps, open.location, migrations) : open.database;
    const takers = Array.from({ length: 300 }, (_, i) => {
      const database = i % 2 === 0 ? open.database : second;
      const mark = tables()
        .insertInto("mark")
        .values({ id: `counted-${i}`, jar: "counted" });
      return database.commit(change().add(take("counted")).add(mark));
    });
    const taken = (await Promise.allSettled(takers)).filter((result) => result.status === "fulfilled");
    if (second !== open.database) await second.close();
    assert.equal(taken.length, 100);
    assert.equal(await marks("counted"), 100);
  });

  it("changes that take the same locks in another order do not stop each other", async () => {
    await addJar("left", 1_000);
    await addJar("right", 1_000);
    const pairs = Array.from({ length: 40 }, (_, i) => {
      const [one, other] = i % 2 === 0 ? (["left", "right"] as const) : (["right", "left"] as const);
      return open.database.commit(
        change().add(take(one)).add(take(other)).lock(`jar:${one}`).lock(`jar:${other}`),
      );
    });
    await Promise.all(pairs);
  });

  it("what a change announces is heard after its commit, and not of one that failed", async () => {
    let heard = 0;
    const stop = open.database.listen("jars", () => heard++);
    await assert.rejects(open.database.commit(change().add(take("nothing")).announce("jars")));
    const told = new Promise<void>((resolve) => {
      const end = open.database.listen("jars", () => {
        end();
        resolve();
      });
    });
    await addJar("announced", 1);
    // The listener's connection may still be on its way up: announce until heard.
    const ringing = setInterval(
      () => void open.database.commit(change().add(take("left")).announce("jars")),
      20,
    );
    await told;
    clearInterval(ringing);
    stop();
    assert.ok(heard >= 1);
  });
});
