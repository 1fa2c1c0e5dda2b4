import assert from "node:assert/strict";
import { test } from "node:test";
import { forEachEngine } from "../audit/test-databases.ts";
import { Change, openDatabase } from "../database/index.ts";
import { minutes, type PersonId } from "../lib/index.ts";
import type { Enrolled } from "../login/fixture.ts";
import {
  type RegistryDeps,
  resumeAgent,
  resumePerson,
  suspendAgent,
  suspendPerson,
} from "../registry/index.ts";
import { chainOf } from "./chain-of.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { begunTask, call, codeOf, migrations, openCompany, passOn, quarter } from "./fixture.ts";
import { findDelegation } from "./store-delegations.ts";
import type { DelegationTables } from "./tables.ts";

const STEP = "delegation/0012-rests-of-holders";

type Older = DelegationTables & {
  migration: { name: string };
  agent: { access: number };
  revocation: { key: string };
};

/** Sets the rows back to what was written before holders were counted. */
async function setBack({ database }: DelegationDeps): Promise<void> {
  const change = new Change(database);
  const rows = change.tables<Older>();
  change.add(rows.updateTable("delegation").set({ rests: null }), { rows: "any" });
  change.add(rows.updateTable("agent").set({ access: 0 }), { rows: "any" });
  change.add(rows.deleteFrom("revocation").where("key", "like", "agent:%/access#%"), { rows: "any" });
  change.add(rows.deleteFrom("migration").where("name", "=", STEP));
  await database.commit(change);
}

async function suspendAndResume(deps: RegistryDeps, { caller }: Enrolled, id: PersonId): Promise<void> {
  await suspendPerson(deps, caller, { id });
  await resumePerson(deps, caller, { id });
}

forEachEngine((engine) => {
  test("what was delegated before its holder was counted stays dead as well: of whoever is suspended or was since, and of whoever will be", async () => {
    const room = await openCompany(engine);
    const { ada, pat, planner, location } = room;
    const grants = [call("reports/publish", quarter("Q2"))];
    const { edge: lost } = await begunTask(room.deps, room);
    await suspendAndResume(room.deps, ada, pat.id);
    room.deps.clock.advance(minutes(1));
    const { edge } = await begunTask(room.deps, room);
    const below = await passOn(room.deps, planner, { edge: edge.id, to: "writer", grants });
    await suspendAgent(room.deps, ada.caller, { name: "writer" });
    await setBack(room.deps);
    await room.database.close();

    const database = await openDatabase(room.deps, location, migrations);
    // What closes the room closes the one that is open.
    room.database.close = () => database.close();
    const deps = { ...room.deps, database };
    try {
      await chainOf(deps, edge.id);
      assert.equal(await codeOf(chainOf(deps, lost.id)), "gone");
      const { rests } = (await findDelegation(database, edge.id)) ?? {};
      assert.deepEqual(rests, ["agent:planner/access#0", "class:reporting#0", `person:${pat.id}#1`]);
      await resumeAgent(deps, ada.caller, { name: "writer" });
      assert.equal(await codeOf(chainOf(deps, below.id)), "gone");
      await chainOf(deps, edge.id);
      await suspendAndResume(deps, ada, pat.id);
      assert.equal(await codeOf(chainOf(deps, edge.id)), "gone");
    } finally {
      await room.close();
    }
  });
});
