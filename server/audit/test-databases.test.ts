import assert from "node:assert/strict";
import { it } from "node:test";
import { z } from "zod";
import { system } from "../lib/index.ts";
import { append, auditMigrations, declareEvent, perform } from "./index.ts";
import { forEachEngine, TEST_EPOCH } from "./test-databases.ts";

const tried = declareEvent("test.tried", "A test tried the store.", z.object({ n: z.int() }));
interface Tables {
  event: { id: string; body: string };
}

forEachEngine((engine) => {
  it("gives each test a fresh store that verbs can write to, a clock it can move, and more of its own", async () => {
    const { deps, database, close } = await engine.open(auditMigrations, { motto: "held still" });
    assert.equal(deps.motto, "held still");
    assert.equal(database.engine, engine.name);
    assert.equal(deps.clock.now(), TEST_EPOCH);
    deps.clock.advance(5);
    await perform(deps, system, "test.try", async (change) =>
      append(change, tried(deps, system, {}, { n: 1 })),
    );
    const events = await database.tables<Tables>().selectFrom("event").select("body").execute();
    assert.equal(events.length, 1);
    assert.ok(events[0]?.body.includes(`"at":${TEST_EPOCH + 5}`));
    await close();
  });
});
