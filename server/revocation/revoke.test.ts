import assert from "node:assert/strict";
import { after, it } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { append, auditMigrations, declareEvent, perform } from "../audit/index.ts";
import { forEachEngine, seededRandom } from "../audit/test-databases.ts";
import { Change, openDatabase } from "../database/index.ts";
import { Fault, system } from "../lib/index.ts";
import {
  deadAmong,
  feedAfter,
  feedHead,
  isDeadKey,
  requireAlive,
  revocationMigrations,
  revoke,
} from "./index.ts";
import type { RevocationTables } from "./store.ts";

const migrations = [...auditMigrations, ...revocationMigrations];
const thingMade = declareEvent("thing.made", "A test made a thing.", z.strictObject({ name: z.string() }));

forEachEngine(async (engine) => {
  const store = await engine.open(migrations);
  const { deps, database } = store;
  after(() => store.close());

  const kill = (keys: string[], from = deps): Promise<void> => {
    from.clock.advance(1); // ids, and so events, are in the order of time
    return perform(from, system, "test.end", async (change) =>
      revoke(from, change, system, keys, "test ended"),
    );
  };
  const make = (name: string, keys: string[], otherwise?: "denied"): Promise<void> =>
    perform(deps, system, "thing.make", async (change) => {
      requireAlive(change, keys, otherwise);
      append(change, thingMade(deps, system, {}, { name }));
    });
  const feed = () => feedAfter(deps, 0, 100_000);
  const events = async (type: string): Promise<{ keys: string[]; why: string; name: string }[]> => {
    const rows = database.tables<{ event: { id: string; type: string; body: string } }>().selectFrom("event");
    return (await rows.select("body").where("type", "=", type).orderBy("id").execute()).map(
      ({ body }) => JSON.parse(body).body,
    );
  };

  it("before the first revocation nothing is dead and the feed's head is 0", async () => {
    assert.equal(await feedHead(deps), 0);
    assert.deepEqual(await feed(), []);
    assert.deepEqual(await deadAmong(deps, ["task:a", "jti:b"]), []);
    assert.deepEqual(await deadAmong(deps, []), []);
  });

  it("what is revoked is dead, what merely resembles it is not, and one event names it all", async () => {
    await kill(["task:t1", "agent:reporter#3", "jkt:abc"]);
    const asked = [
      "task:t1",
      "task:t10",
      "agent:reporter#4",
      "agent:reporter",
      "TASK:t1",
      "jkt:abc",
      "jti:abc",
    ];
    assert.deepEqual((await deadAmong(deps, asked)).sort(), ["jkt:abc", "task:t1"]);
    assert.deepEqual((await events("revocation.recorded")).at(-1), {
      keys: ["task:t1", "agent:reporter#3", "jkt:abc"],
      why: "test ended",
    });
  });

  it("to revoke what is dead changes nothing: the first time, reason and place stay", async () => {
    await kill(["edge:first"]);
    const before = await database
      .tables<RevocationTables>()
      .selectFrom("revocation")
      .selectAll()
      .orderBy("seq")
      .execute();
    deps.clock.advance(1_000);
    await kill(["edge:first", "edge:first"]);
    const later = await database
      .tables<RevocationTables>()
      .selectFrom("revocation")
      .selectAll()
      .orderBy("seq")
      .execute();
    assert.deepEqual(later, before);
    assert.equal(await feedHead(deps), before.length);
  });

  it("places have no gap and no repetition, whatever is revoked again, and no key is lost", async () => {
    const keys = fc.array(
      fc.nat(30).map((n) => `jti:${n}`),
      { maxLength: 8 },
    );
    const before = new Set((await feed()).map(({ key }) => key));
    await fc.assert(
      fc.asyncProperty(keys, async (some) => {
        for (const key of some) before.add(key);
        await kill(some);
        const all = await feed();
        assert.deepEqual(
          all.map(({ seq }) => seq),
          Array.from(all, (_, i) => i + 1),
        );
        assert.deepEqual(new Set(all.map(({ key }) => key)), before);
        assert.equal(await feedHead(deps), all.length);
      }),
      { numRuns: 25 },
    );
  });

  it("of many revocations at once each gets a place of its own, and the same key only one", async () => {
    const before = await feedHead(deps);
    const all = Array.from({ length: 40 }, (_, i) => [
      `instance:i${i}`,
      `instance:i${(i + 1) % 40}`,
      "instance:everybody",
    ]);
    await Promise.all(all.map((keys) => kill(keys)));
    const added = await feedAfter(deps, before, 1_000);
    assert.deepEqual(
      added.map(({ seq }) => seq),
      Array.from(added, (_, i) => before + i + 1),
    );
    assert.equal(new Set(added.map(({ key }) => key)).size, 41);
  });

  it("a revocation is part of the change that calls for it: if that fails, nothing is dead", async () => {
    const head = await feedHead(deps);
    const attempt = perform(deps, system, "test.end", async (change) => {
      revoke(deps, change, system, ["task:undone"], "test ended");
      change.require(
        database
          .tables<RevocationTables>()
          .selectFrom("revocation")
          .select("seq")
          .where("key", "=", "task:never"),
        "conflict",
      );
    });
    await assert.rejects(attempt, (error) => error instanceof Fault && error.code === "conflict");
    assert.deepEqual(await deadAmong(deps, ["task:undone"]), []);
    assert.equal(await feedHead(deps), head);
  });

  it("nothing is made with a dead key, and the refusal is the guard's", async () => {
    await kill(["task:ended"]);
    await make("alive", ["task:open", "agent:reporter#9"]);
    await assert.rejects(
      make("dead", ["task:open", "task:ended"]),
      (error) => error instanceof Fault && error.code === "gone",
    );
    await assert.rejects(
      make("dead", ["task:ended"], "denied"),
      (error) => error instanceof Fault && error.code === "denied",
    );
    const made = (await events("thing.made")).map(({ name }) => name);
    assert.ok(made.includes("alive") && !made.includes("dead"));
  });

  it("the guard looks when the change commits, not when the verb read", async () => {
    const change = new Change(database);
    requireAlive(change, ["task:about-to-end"]);
    append(change, thingMade(deps, system, {}, { name: "too late" }));
    await kill(["task:about-to-end"]);
    await assert.rejects(database.commit(change), (error) => error instanceof Fault && error.code === "gone");
  });

  it("a thing may hang on more keys than one statement can hold", async () => {
    const keys = Array.from({ length: 1_201 }, (_, i) => `edge:many${i}`);
    await make("many", keys);
    await kill(["edge:many1200"]);
    assert.deepEqual(await deadAmong(deps, keys), ["edge:many1200"]);
    await assert.rejects(make("many", keys));
  });

  it("very much at once can be revoked, in as many events as it takes", async () => {
    const keys = Array.from(
      { length: 60 },
      (_, i) => `instance:spiffe://example.org/${"x".repeat(2_000)}/${i}`,
    );
    await kill(keys);
    assert.equal((await deadAmong(deps, keys)).length, 60);
    const recorded = new Set((await events("revocation.recorded")).flatMap((event) => event.keys));
    assert.ok(keys.every((key) => recorded.has(key)));
  });

  it("a key that nobody would look for is an error and not a silent nothing", async () => {
    const head = await feedHead(deps);
    for (const key of [
      "",
      "t1",
      "tsk:t1",
      "task:",
      "task: t1",
      "task:t1\n",
      "task:ü",
      `task:${"x".repeat(2_100)}`,
    ]) {
      assert.ok(!isDeadKey(key));
      await assert.rejects(kill(["task:fine", key]), TypeError);
    }
    await kill([]);
    assert.equal(await feedHead(deps), head);
  });

  if (engine.name === "postgres") {
    it("of many servers on one database each place is given once and shows in order", async () => {
      const other = await openDatabase(
        { ...deps, random: seededRandom("other") },
        store.location,
        migrations,
      );
      const second = { ...deps, random: seededRandom("second"), database: other };
      const before = await feedHead(deps);
      let seen = before;
      const watching = { on: true };
      const watch = (async () => {
        while (watching.on) {
          for (const { seq } of await feedAfter(deps, seen, 100)) {
            assert.equal(seq, seen + 1, "a place that shows later than its successor would be missed");
            seen = seq;
          }
        }
      })();
      await Promise.all(
        Array.from({ length: 60 }, (_, i) =>
          kill([`jti:m${i}`, `jti:m${i + 1}`], i % 2 === 0 ? deps : second),
        ),
      );
      watching.on = false;
      await watch;
      assert.equal(await feedHead(second), before + 61);
      await other.close();
    });
  }
});
