import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import { z } from "zod";
import type { Migration } from "../database/index.ts";
import { Fault, nobody, system } from "../lib/index.ts";
import { append, auditMigrations, declareEvent, findEvents, flushRefusals, perform } from "./index.ts";
import { forEachEngine, type TestDatabase } from "./test-databases.ts";

interface Tables {
  proof: { key: string };
  counter: { name: string; value: number };
}

const tables: Migration = {
  name: "test/0001-proofs",
  async up(schema, types) {
    await schema
      .createTable("proof")
      .addColumn("key", types.text, (column) => column.primaryKey())
      .execute();
    await schema
      .createTable("counter")
      .addColumn("name", types.text, (column) => column.primaryKey())
      .addColumn("value", types.integer, (column) => column.notNull())
      .execute();
  },
};

const counted = declareEvent("test.counted", "A test counted.", z.object({ to: z.int() }));
const alice = { ...system, kind: "person", principal: "person_alice" } as const;

forEachEngine((engine) => {
  let open: TestDatabase;
  beforeEach(async () => {
    open = await engine.open([...auditMigrations, tables]);
  });
  afterEach(() => open.close());

  const events = async () =>
    (await findEvents(open.database, { limit: 200 })).map((row) => JSON.parse(row.body));
  const rows = () => open.database.tables<Tables>();

  it("a verb that met another change decides again, and every increment is in the log", async () => {
    await perform(open.deps, system, "test.start", async (change) =>
      change.add(rows().insertInto("counter").values({ name: "c", value: 0 })),
    );
    const increment = () =>
      perform(open.deps, system, "test.count", async (change) => {
        const { value } = await rows().selectFrom("counter").select("value").executeTakeFirstOrThrow();
        const next = rows()
          .updateTable("counter")
          .set({ value: value + 1 })
          .where("value", "=", value);
        change.lock("counter:c").add(next);
        append(change, counted(open.deps, system, {}, { to: value + 1 }));
      });
    await Promise.all(Array.from({ length: 12 }, increment));
    const steps = (await events()).map((event) => event.body.to).sort((a: number, b: number) => a - b);
    assert.deepEqual(
      steps,
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
  });

  it("a refusal is recorded with who, what and why, and changes nothing else", async () => {
    const attempt = perform(open.deps, alice, "test.count", async (change) => {
      change.add(rows().insertInto("counter").values({ name: "never", value: 1 }));
      throw new Fault("forbidden", "Not for you.", { record: { about: { task: "task_1" }, rule: "r" } });
    });
    await assert.rejects(attempt, /Not for you/);
    assert.equal((await rows().selectFrom("counter").selectAll().execute()).length, 0);
    const [event] = await events();
    assert.equal(event.type, "request.refused");
    assert.equal(event.actor.principal, "person_alice");
    assert.equal(event.about.task, "task_1");
    assert.deepEqual(event.body, {
      action: "test.count",
      code: "forbidden",
      details: { rule: "r" },
      why: "Not for you.",
    });
  });

  it("a one-time proof is used up by the attempt that was refused, too, and its second use is recorded", async () => {
    const attempt = () =>
      perform(open.deps, alice, "test.prove", async (change) => {
        const insert = rows().insertInto("proof").values({ key: "jti-1" });
        change.burn(
          insert.onConflict((conflict) => conflict.doNothing()),
          "replayed",
        );
        if ((await events()).length === 0) throw new Fault("denied", "No.");
      });
    await assert.rejects(attempt(), (fault) => fault instanceof Fault && fault.code === "denied");
    assert.equal((await rows().selectFrom("proof").selectAll().execute()).length, 1);
    open.deps.clock.advance(1);
    await assert.rejects(attempt(), (fault) => fault instanceof Fault && fault.code === "replayed");
    assert.deepEqual(
      (await events()).map((event) => event.body.code),
      ["denied", "replayed"],
    );
  });

  it("a proof is used up by its attempt also where an attempt within that one was refused and recorded", async () => {
    const spend = rows()
      .insertInto("proof")
      .values({ key: "outer" })
      .onConflict((conflict) => conflict.column("key").doNothing());
    const attempt = () =>
      perform(open.deps, alice, "test.outer", async (change) => {
        change.burn(spend, "replayed");
        await perform(open.deps, alice, "test.inner", async () => {
          throw new Fault("denied", "Not inside either.");
        });
      });
    await assert.rejects(attempt(), { code: "denied" });
    assert.deepEqual(await rows().selectFrom("proof").select("key").execute(), [{ key: "outer" }]);
    const refusals = (await events()).filter(({ type }) => type === "request.refused");
    assert.deepEqual(
      refusals.map(({ body }) => body.action),
      ["test.inner"],
      "one fault, one record",
    );
  });

  it("strangers are counted by source and minute, not recorded one by one", async () => {
    const knock = () =>
      perform(open.deps, nobody("192.0.2.7"), "test.knock", async () => {
        throw new Fault("unauthenticated", "Who are you?");
      });
    for (let i = 0; i < 25; i++) await assert.rejects(knock());
    assert.deepEqual(await events(), []);
    await flushRefusals(open.deps);
    const [event, ...more] = await events();
    assert.deepEqual(more, []);
    assert.equal(event.body.count, 25);
    assert.equal(event.body.source, "192.0.2.7");
  });

  it("a refusal that cannot be recorded is told as unavailable, and is still a refusal", async () => {
    await open.database.close();
    const attempt = perform(open.deps, alice, "test.count", async () => {
      throw new Fault("forbidden", "Not for you.");
    });
    await assert.rejects(attempt, (fault) => fault instanceof Fault && fault.code === "unavailable");
    open = await engine.open([...auditMigrations, tables]);
  });
});
