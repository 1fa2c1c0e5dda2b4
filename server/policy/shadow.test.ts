import assert from "node:assert/strict";
import { forEachEngine } from "../audit/test-databases.ts";
import { replacePolicies } from "./activate.ts";
import {
  agent,
  auditor,
  eventsOf,
  FORBID,
  mine,
  PERMIT,
  type PolicyTestDatabase,
  promisesOn,
  publisher,
  refused,
} from "./fixture.ts";
import { shadowReport, startShadow, stopShadow } from "./shadow.ts";
import { MOST_KINDS } from "./shadow-counts.ts";

const HEAD = { id: "policy_1", version: "pv_1" };

/** A difference of one agent, at one tool. */
const differing = ({ deps }: PolicyTestDatabase, action: string, shadow = HEAD) =>
  deps.policies.shadows.add(deps, {
    ...{ shadow, action, agent: "cost-agent", decision: "decision_1" },
    ...{ difference: "newly refused", active: ["all"], would: ["none"] },
  });

const which = { policies: mine(`${PERMIT}\n${FORBID}`) };

forEachEngine((engine) => {
  const promise = promisesOn(engine);

  promise("a set that fails its tests casts no shadow, and not everybody may", async ({ deps }) => {
    await assert.rejects(startShadow(deps, publisher, which), refused("conflict"), "nothing decides");
    await replacePolicies(deps, publisher, mine(PERMIT));
    for (const caller of [agent, auditor])
      await assert.rejects(startShadow(deps, caller, which), refused("forbidden"));
    await assert.rejects(startShadow(deps, publisher, { policies: mine("permit") }), refused("invalid"));
    await assert.rejects(stopShadow(deps, publisher), refused("not-found"));
    await assert.rejects(shadowReport(deps), refused("not-found"));
  });

  promise(
    "a shadow takes the place of the one before, and ends when its set is activated",
    async ({ deps }) => {
      await replacePolicies(deps, publisher, mine(PERMIT));
      const first = await startShadow(deps, publisher, which);
      const second = await startShadow(deps, publisher, { policies: mine(FORBID) });
      await replacePolicies(deps, publisher, mine(`${PERMIT}\n`));
      assert.equal((await shadowReport(deps)).shadow.id, second.id, "another set's activation ends nothing");
      await replacePolicies(deps, publisher, mine(FORBID));
      await assert.rejects(shadowReport(deps), refused("not-found"));
      const ended = await eventsOf({ deps }, "policy.shadow-ended");
      assert.deepEqual(
        ended.map(({ body }) => [body.id, body.why]).sort(),
        [
          [first.id, "stopped"],
          [second.id, "activated"],
        ].sort(),
      );
    },
  );

  promise("two servers' counts of the same difference add up, and the log is told once", async (opened) => {
    const { deps } = opened;
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 50; n++) differing(opened, "reports/read");
      await deps.policies.flush(deps);
    }
    const rows = await deps.database
      .tables<{ policy_difference: { count: number } }>()
      .selectFrom("policy_difference")
      .select("count")
      .execute();
    assert.deepEqual(rows.map(({ count }) => Number(count)), [150]); // biome-ignore format: one thought
    assert.equal((await eventsOf(opened, "policy.shadow-differed")).length, 1);
  });

  promise("whatever agents make up, the log is told of so many kinds and no more", async (opened) => {
    const { deps } = opened;
    for (let n = 0; n < MOST_KINDS + 500; n++) differing(opened, `made-up/${n}`);
    await deps.policies.flush(deps);
    for (let n = 0; n < 20; n++) differing(opened, `later/${n}`);
    await deps.policies.flush(deps);
    const { count } = await deps.database
      .tables<{ policy_difference: { count: number; action: string } }>()
      .selectFrom("policy_difference")
      .select("count")
      .where("action", "=", "")
      .executeTakeFirstOrThrow();
    assert.equal(Number(count), 520);
  });
});
