import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { forEachEngine, type TestDatabase } from "../audit/test-databases.ts";
import { Change, Conflict, type HotKey } from "../database/index.ts";
import { migrations } from "./fixture.ts";
import { type Head, headsAfter, headsAt, moveHead, pruneHeads, pushHead } from "./store-heads.ts";

forEachEngine((engine) => {
  let open: TestDatabase;
  let keys = 0;
  before(async () => {
    open = await engine.open(migrations);
  });
  after(() => open.close());

  const aKey = (): HotKey => `window:agent:a-${keys++}`;
  const at = async (key: HotKey): Promise<Head> => (await headsAt(open.database, [key]))[0] ?? assert.fail();
  const commit = (write: (change: Change) => void): Promise<void> => {
    const change = new Change(open.database);
    write(change);
    return open.database.commit(change);
  };
  const prune = async (key: HotKey): Promise<void> => {
    const head = await at(key);
    if (head.version > 0) await commit((change) => pruneHeads(change, [head]));
  };

  test("a decision that saw a head before it was pruned decides again, however it stands since", async () => {
    const event = fc.constantFrom("push", "move", "prune", "look");
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 12 }), async (events) => {
        const key = aKey();
        let moved = 0;
        const looks: { head: Head; moved: number }[] = [{ head: await at(key), moved }];
        for (const what of events) {
          if (what === "look") looks.push({ head: await at(key), moved });
          else if (what === "prune") await prune(key);
          else {
            const head = await at(key);
            await commit((change) => (what === "push" ? pushHead(change, key) : moveHead(change, head)));
            moved += 1;
          }
        }
        for (const look of looks) {
          const outcome = await commit((change) => moveHead(change, look.head)).then(
            () => "passed",
            (error) => (error instanceof Conflict ? "again" : error),
          );
          if (look.moved < moved) assert.equal(outcome, "again", "somebody was counted since it looked");
          if (outcome === "passed") moved += 1;
        }
      }),
      { numRuns: engine.name === "sqlite" ? 150 : 40 },
    );
  });

  test("heads are paged without the floor that they begin above", async () => {
    const key = aKey();
    await commit((change) => pushHead(change, key));
    await prune(key);
    const found = await headsAfter(open.database, "", 10_000);
    assert.ok(!found.some((head) => head.key === key || head.key === "pruned:heads"));
  });
});
