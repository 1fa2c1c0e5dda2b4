import assert from "node:assert/strict";
import { test } from "node:test";
import type { DatabaseDeps } from "../database/index.ts";
import { silentLog } from "../lib/index.ts";
import { LiveApplications } from "./live-applications.ts";

const sealer = { seal: (bytes: Uint8Array) => bytes, open: (bytes: Uint8Array) => bytes };

/** A database that counts what is asked of it, and announces when it is told to. */
function watched() {
  const state = { count: 1, reads: 0, away: false, announce: () => {} };
  const rows = { authzen_head: () => [{ count: state.count }], authzen_application: () => [] };
  const query = (table: keyof typeof rows) => {
    const answer = () => {
      state.reads += 1;
      return state.away ? Promise.reject(new Error("away")) : Promise.resolve(rows[table]());
    };
    const builder = {
      select: () => builder,
      selectAll: () => builder,
      where: () => builder,
      orderBy: () => builder,
      limit: () => builder,
      execute: answer,
      executeTakeFirst: async () => (await answer())[0],
    };
    return builder;
  };
  const database = {
    tables: () => ({ selectFrom: query }),
    listen: (_channel: string, callback: () => void) => {
      state.announce = callback;
      return () => {};
    },
  } as unknown as DatabaseDeps["database"];
  const time = { now: 0 };
  const clock = { now: () => 0 };
  const random = { bytes: (length: number) => new Uint8Array(length) };
  const deps = { database, sealer, clock, random, log: silentLog };
  return { live: new LiveApplications(deps, () => time.now), state, time };
}

test("within a second nothing is read again, and nobody waits", async () => {
  const { live, state, time } = watched();
  await live.all();
  const { reads } = state;
  time.now = 999;
  assert.ok(!(live.all() instanceof Promise));
  assert.equal(state.reads, reads);
});

test("after a second one row is read, and the rest only where it has moved", async () => {
  const { live, state, time } = watched();
  const before = await live.all();
  const { reads } = state;
  time.now = 1_000;
  assert.equal(await live.all(), before);
  assert.equal(state.reads, reads + 1);
  state.count += 1;
  time.now = 2_000;
  assert.notEqual(await live.all(), before);
  assert.equal(state.reads, reads + 3);
});

test("an announcement makes it read at once, also one that comes while it reads", async () => {
  const { live, state } = watched();
  await live.all();
  state.announce();
  const reading = live.all();
  assert.ok(reading instanceof Promise);
  state.announce();
  await reading;
  assert.ok(live.all() instanceof Promise, "what was read before the announcement counts for nothing");
});

test("while the database is away nobody is answered from what was known a second ago", async () => {
  const { live, state, time } = watched();
  await live.all();
  state.away = true;
  time.now = 1_000;
  await assert.rejects(async () => live.all(), /away/);
  state.away = false;
  await live.all();
});
