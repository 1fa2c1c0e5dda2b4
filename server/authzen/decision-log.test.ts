import assert from "node:assert/strict";
import { it, test } from "node:test";
import { forEachEngine, seededRandom, type TestDatabase, testClock } from "../audit/test-databases.ts";
import type { Database } from "../database/index.ts";
import { isId, newId } from "../lib/index.ts";
import { DecisionIds } from "./decision-ids.ts";
import { type AskedBy, DecisionLog, recordedAnswer } from "./decision-log.ts";
import { forgetOldAnswers } from "./forget-decisions.ts";
import { type AuthzenTables, authzenMigrations } from "./store.ts";

/** Seals by turning every bit, so that what is not opened cannot be read. */
const turned = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0xff);
const sealer = { seal: turned, open: turned };
type House = TestDatabase<{ sealer: typeof sealer }>;

const source = (by: string): AskedBy => ({ by, instance: undefined, application: "files", version: "av_1" });

const answered = (id: string, by = source("service_a"), at = 0) => ({
  source: by,
  at,
  first: id,
  last: id,
  request: `{"asked":"${id}"}`,
  answer: `{"decision":true,"context":{"decision_id":"${id}"}}`,
});

const rows = (database: Database) =>
  database.tables<AuthzenTables>().selectFrom("authzen_decisions").selectAll().execute();

forEachEngine((engine) => {
  const promise = (name: string, keep: (house: House) => Promise<void>): void =>
    void it(name, async () => {
      const house = await engine.open(authzenMigrations, { sealer });
      await keep(house).finally(() => house.close());
    });

  promise(
    "many answers are one row, sealed, and each is found by the id of its decision",
    async ({ deps, database }) => {
      const log = new DecisionLog(deps);
      const ids = new DecisionIds(deps);
      const made = Array.from({ length: 500 }, (_, i) => {
        deps.clock.advance(i % 7 === 0 ? 1 : 0);
        const [id, by] = [ids.next(deps.clock.now()), source(i % 2 === 0 ? "service_a" : "service_b")];
        assert.equal(log.record(answered(id, by, deps.clock.now()), false), undefined);
        return { id, by };
      });
      await log.close();
      const [row, ...others] = await rows(database);
      assert.deepEqual([row?.count, others.length], [500, 0]);
      assert.doesNotMatch(Buffer.from(row?.sealed ?? []).toString("latin1"), /service_a|asked/);
      for (const { id, by } of made) {
        const found = await recordedAnswer(deps, id);
        assert.deepEqual([found?.by, found?.request], [by.by, { asked: id }]);
      }
      const never = ids.next(deps.clock.now());
      assert.equal(await recordedAnswer(deps, never), undefined);
    },
  );

  promise(
    "an answer that must be durable leaves when it is safe, together with those that came with it",
    async ({ deps, database }) => {
      const log = new DecisionLog(deps);
      const ids = new DecisionIds(deps);
      const waits = Array.from({ length: 100 }, () => log.record(answered(ids.next(deps.clock.now())), true));
      assert.ok(waits.every((wait) => wait instanceof Promise));
      await Promise.all(waits);
      const written = await rows(database);
      assert.equal(
        written.reduce((sum, { count }) => sum + Number(count), 0),
        100,
      );
      assert.ok(written.length <= 2);
      await log.close();
    },
  );

  promise("they are forgotten after thirty days", async ({ deps, database }) => {
    const log = new DecisionLog(deps);
    log.record(answered(newId(deps, "decision")), false);
    await log.close();
    deps.clock.advance(29 * 86_400_000);
    await forgetOldAnswers(deps);
    assert.equal((await rows(database)).length, 1);
    deps.clock.advance(2 * 86_400_000);
    await forgetOldAnswers(deps);
    assert.equal((await rows(database)).length, 0);
  });

  promise(
    "while the store is away a durable answer does not leave, the others are kept, and nothing is lost",
    async ({ deps, database }) => {
      let away = true;
      const flaky = {
        ...database,
        tables: database.tables.bind(database),
        commit: (change: Parameters<Database["commit"]>[0]) =>
          away ? Promise.reject(new Error("away")) : database.commit(change),
      } as Database;
      const log = new DecisionLog({ ...deps, database: flaky });
      const ids = new DecisionIds(deps);
      const id = ids.next(deps.clock.now());
      log.record(answered(id), false);
      await assert.rejects(async () => log.record(answered(ids.next(deps.clock.now())), true), {
        code: "unavailable",
      });
      away = false;
      await log.close();
      const [row] = await rows(database);
      assert.equal(Number(row?.count), 2);
      assert.ok(await recordedAnswer(deps, id));
    },
  );

  promise(
    "what was written although the answer of the store was lost stands there once, and nothing is added to it",
    async ({ deps, database }) => {
      let lost = true;
      const flaky = {
        ...database,
        tables: database.tables.bind(database),
        commit: async (change: Parameters<Database["commit"]>[0]) => {
          await database.commit(change);
          if (lost) throw new Error("the answer is lost");
        },
      } as Database;
      const log = new DecisionLog({ ...deps, database: flaky });
      const ids = new DecisionIds(deps);
      const [early, late] = [ids.next(deps.clock.now()), ids.next(deps.clock.now())];
      await assert.rejects(async () => log.record(answered(early), true), { code: "unavailable" });
      lost = false;
      log.record(answered(late), false);
      await log.close();
      assert.deepEqual(
        (await rows(database)).map(({ count }) => Number(count)),
        [1, 1],
      );
      for (const id of [early, late]) assert.ok(await recordedAnswer(deps, id));
    },
  );

  const SOON_MS = 50;
  /** A store that never answers. */
  const hanging = (database: Database) =>
    ({ ...database, commit: () => new Promise<void>(() => {}) }) as unknown as Database;
  const large = `{"x":"${"x".repeat(200_000)}"}`;

  promise(
    "what cannot be written does not fill the memory: answers wait for room, and then are refused",
    async ({ deps, database }) => {
      const log = new DecisionLog({ ...deps, database: hanging(database) }, SOON_MS);
      const ids = new DecisionIds(deps);
      const waits = Array.from({ length: 1_200 }, () =>
        log.record({ ...answered(ids.next(deps.clock.now())), request: large }, false),
      );
      const kept = waits.filter((wait) => wait === undefined).length;
      assert.ok(kept > 0 && kept * 200_000 < 16 * 1024 * 1024, `${kept} are kept`);
      const refused = await Promise.allSettled(waits.filter((wait) => wait !== undefined));
      assert.deepEqual([...new Set(refused.map(codeOf))], ["unavailable"]);
    },
  );

  promise(
    "a durable answer waits so long for a store that hangs, in whichever batch it is, and then is refused",
    async ({ deps, database }) => {
      const log = new DecisionLog({ ...deps, database: hanging(database) }, SOON_MS);
      const ids = new DecisionIds(deps);
      const first = log.record(answered(ids.next(deps.clock.now())), true);
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve))); // the first batch is under way
      const second = log.record(answered(ids.next(deps.clock.now())), true);
      for (const wait of [first, second]) await assert.rejects(async () => wait, { code: "unavailable" });
    },
  );

  promise(
    "when a write fails, who waits for a later batch is refused with it, and for room likewise",
    async ({ deps, database }) => {
      const fail = Promise.withResolvers<void>();
      const failing = { ...database, commit: () => fail.promise } as unknown as Database;
      const log = new DecisionLog({ ...deps, database: failing });
      const ids = new DecisionIds(deps);
      const record = (durably: boolean, request = "{}") =>
        log.record({ ...answered(ids.next(deps.clock.now())), request }, durably);
      const waits = [record(true)];
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      waits.push(record(true)); // of the second batch
      let room: Promise<void> | undefined;
      while (room === undefined) room = record(false, large);
      const began = performance.now();
      fail.reject(new Error("away"));
      for (const wait of [...waits, room]) await assert.rejects(async () => wait, { code: "unavailable" });
      assert.ok(performance.now() - began < 1_000, "at once, not when the time is up");
      await log.close();
    },
  );

  promise("who waited for room is answered when the store has made some", async ({ deps, database }) => {
    const open = Promise.withResolvers<void>();
    const slow = {
      ...database,
      tables: database.tables.bind(database),
      commit: (change: Parameters<Database["commit"]>[0]) => open.promise.then(() => database.commit(change)),
    } as Database;
    const log = new DecisionLog({ ...deps, database: slow });
    const ids = new DecisionIds(deps);
    let count = 0;
    let wait: Promise<void> | undefined;
    for (; wait === undefined; count++)
      wait = log.record({ ...answered(ids.next(deps.clock.now())), request: large }, false);
    open.resolve();
    await wait;
    await log.close();
    const written = (await rows(database)).reduce((sum, row) => sum + Number(row.count), 0);
    assert.equal(written, count);
  });
});

const codeOf = (settled: PromiseSettledResult<unknown>): unknown =>
  settled.status === "rejected" ? settled.reason.code : "answered";

test("the ids are those that newId makes, each another, in the order of time", () => {
  const deps = { clock: testClock(), random: seededRandom() };
  const ids = new DecisionIds(deps);
  const made = new Set<string>();
  let before = "";
  for (let i = 0; i < 3_000; i++) {
    if (i % 10 === 0) deps.clock.advance(1);
    const id = ids.next(deps.clock.now());
    assert.ok(isId(id, "decision"));
    if (i % 10 === 0) assert.ok(id > before);
    before = id;
    made.add(id);
  }
  assert.equal(made.size, 3_000);
});
