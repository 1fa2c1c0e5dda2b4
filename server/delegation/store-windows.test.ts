import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { forEachEngine, type TestDatabase } from "../audit/test-databases.ts";
import { Change, type Database } from "../database/index.ts";
import { hours, minutes, seconds } from "../lib/index.ts";
import { migrations } from "./fixture.ts";
import { countWindows, insertWindowCall, sumUpWindows } from "./store-windows.ts";
import type { DelegationTables } from "./tables.ts";
import { windowCounts } from "./window.ts";

const written = async (database: Database, write: (change: Change) => void): Promise<void> => {
  const change = new Change(database);
  write(change);
  await database.commit(change);
};

forEachEngine((engine) => {
  let open: TestDatabase;
  let calls = 0;
  let agents = 0;
  before(async () => {
    open = await engine.open(migrations);
  });
  after(() => open.close());

  const call = (agent: string, at: number) =>
    written(open.database, (change) =>
      insertWindowCall(change, { id: `action_${calls++}`, at, agent, instance: `i-${agent}`, resource: "r" }),
    );
  const tidy = (now: number) => written(open.database, (change) => sumUpWindows(change, now));
  const count = (agent: string, now: number) => countWindows(open.database, "agent", agent, now);

  /** Steps of time: some within a second, some at the edges of the windows, some far beyond. */
  const step = fc.oneof(
    fc.integer({ min: 0, max: 1_500 }),
    fc.constantFrom(1, 999, 1_000, minutes(1), seconds(75), minutes(61), hours(1), hours(23)),
    fc.integer({ min: 0, max: hours(2) }),
  );
  const happening = fc.tuple(step, fc.constantFrom("call", "call", "calls", "tidy", "late"));

  test("a window never counts less than there were, and no more than a second's, or for a day a minute's, calls too many", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 25 }), async (happenings) => {
        const agent = `agent-${agents++}`;
        const times: number[] = [];
        let now = Date.UTC(2026, 0, 1) + agents * hours(100);
        for (const [after, what] of happenings) {
          now += after;
          // A late call was decided by a server whose clock is a minute and a half behind.
          const made =
            { call: [now], calls: [now, now, now], late: [now - seconds(90)], tidy: [] }[what] ?? [];
          for (const at of made) await call(agent, at);
          times.push(...made);
          if (what === "tidy") await tidy(now);
          const [counted, plain] = [await count(agent, now), windowCounts(times, now)];
          assert.equal(counted.minute, plain.minute);
          const since = (span: number) => times.filter((at) => at > now - span).length;
          assert.ok(plain.hour <= counted.hour && counted.hour <= since(hours(1) + 999));
          assert.ok(plain.day <= counted.day && counted.day <= since(hours(24) + 59_999));
        }
      }),
      { numRuns: engine.name === "sqlite" ? 100 : 30 },
    );
  });

  test("a busy agent leaves a row for each second, and after an hour for each minute", async () => {
    const [agent, began] = ["busy", Date.UTC(2027, 0, 1)];
    for (let at = began; at < began + seconds(5); at += 50) await call(agent, at);
    const rows = async () => {
      const tables = open.database.tables<DelegationTables>();
      const [singly, bySecond, byMinute] = await Promise.all([
        tables.selectFrom("window_call").select("id").where("agent", "=", agent).execute(),
        tables.selectFrom("window_second").select("second").where("whose", "=", agent).execute(),
        tables.selectFrom("window_tally").select("minute").where("whose", "=", agent).execute(),
      ]);
      return [singly.length, bySecond.length, byMinute.length];
    };
    assert.deepEqual(await rows(), [100, 0, 0]);
    await tidy(began + minutes(2));
    assert.deepEqual(await rows(), [0, 5, 0]);
    assert.deepEqual(await count(agent, began + minutes(2)), { minute: 0, hour: 100, day: 100 });
    const last = began + 4_950;
    assert.equal((await count(agent, last + hours(1) - 1)).hour, 20, "until the second is wholly over");
    assert.equal((await count(agent, began + 4_999 + hours(1))).hour, 0);
    await tidy(began + hours(2));
    assert.deepEqual(await rows(), [0, 0, 1]);
    assert.deepEqual(await count(agent, began + hours(2)), { minute: 0, hour: 0, day: 100 });
  });

  test("a call that comes while others are summed up is counted once, before and afterwards", async () => {
    const [agent, now] = ["late", Date.UTC(2028, 0, 1)];
    const many = Array.from({ length: 200 }, (_, i) => now - minutes(5) + i);
    await Promise.all(
      many.map(async (at, i) => {
        await call(agent, at);
        if (i % 10 === 0) await tidy(now);
      }),
    );
    assert.equal((await count(agent, now)).hour, many.length);
    await tidy(now);
    assert.equal((await count(agent, now)).hour, many.length);
  });
});
