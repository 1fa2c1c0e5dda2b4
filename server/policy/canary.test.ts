import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { system } from "../lib/index.ts";
import { replacePolicies } from "./activate.ts";
import { isInCanary, startCanary, stopCanary } from "./canary.ts";
import { decide } from "./decide.ts";
import { decidingFor, requireDeciding } from "./deciding.ts";
import {
  administrator,
  asked,
  eventsOf,
  FORBID,
  mine,
  PERMIT,
  promisesOn,
  publisher,
  refused,
} from "./fixture.ts";
import { rollbackPolicies } from "./rollback.ts";
import { heads } from "./store.ts";

const inTask = (id: string) => {
  const question = asked({
    action: "delegate",
    agent: {},
    delegate: { to: "a", to_class: "b", grants: [], depth: 1 },
  });
  return { ...question, task: { id, purpose: "", startedBy: "person", agent: "a" } };
};

test("whether a task is the canary's depends on both ids alone, and more share never leaves one out", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.integer({ min: 1, max: 99 }), (id, task, share) => {
      const is = isInCanary({ id, share }, task);
      assert.equal(isInCanary({ id, share }, task), is);
      if (is && share < 99) assert.ok(isInCanary({ id, share: share + 1 }, task));
    }),
  );
});

test("a canary has its share of the tasks, and another canary others", () => {
  const tasks = Array.from({ length: 4_000 }, (_, n) => `task_${n}`);
  for (const share of [1, 10, 50, 99]) {
    const own = tasks.filter((task) => isInCanary({ id: "policy_1", share }, task)).length / 40;
    assert.ok(Math.abs(own - share) < 3, `${own} per cent in place of ${share}`);
  }
  const of = (id: string) => tasks.filter((task) => isInCanary({ id, share: 10 }, task));
  assert.notDeepEqual(of("policy_1"), of("policy_2"));
});

forEachEngine((engine) => {
  const promise = promisesOn(engine);

  promise(
    "the canary decides for its tasks, the active set for the others and for what is no task",
    async ({ deps }) => {
      await replacePolicies(deps, publisher, mine(PERMIT));
      const { version } = await startCanary(deps, publisher, {
        which: { policies: mine(`${PERMIT}\n${FORBID}`) },
        share: 50,
      });
      const decided = async (id: string) => {
        const question = inTask(id);
        const deciding = await decidingFor(deps, question);
        return [deciding.canary?.version, decide(question, deciding.set, []).verdict];
      };
      const tasks = Array.from({ length: 40 }, (_, n) => `task_${n}`);
      const once = await Promise.all(tasks.map(decided));
      assert.deepEqual(once, await Promise.all(tasks.map(decided)), "stable per task");
      for (const [by, verdict] of once) assert.equal(verdict, by === undefined ? "allow" : "deny");
      assert.ok(once.some(([by]) => by === version) && once.some(([by]) => by === undefined));
      assert.equal((await decidingFor(deps, {})).canary, undefined);
    },
  );

  promise("what the canary decided does not commit once it has ended", async ({ deps }) => {
    await replacePolicies(deps, publisher, mine(PERMIT));
    await startCanary(deps, publisher, { which: { policies: mine(`${PERMIT}\n`) }, share: 99 });
    const seen: (string | undefined)[] = [];
    await perform(deps, system, "test", async (change) => {
      const deciding = await decidingFor(deps, inTask("task_1"));
      seen.push(deciding.canary?.id);
      if (deciding.canary !== undefined) await stopCanary(deps, publisher);
      requireDeciding(change, deciding);
    });
    assert.deepEqual([seen.length, seen[1]], [2, undefined]);
  });

  for (const [how, end] of [
    ["activating", "activated"],
    ["rolling back", "rolled back"],
  ] as const) {
    promise(`${how} ends the canary in the same change`, async ({ deps }) => {
      await replacePolicies(deps, publisher, mine(PERMIT));
      await replacePolicies(deps, publisher, mine(FORBID));
      const draft = { policies: mine(`${PERMIT}\n${FORBID}`) };
      const { version } = await startCanary(deps, publisher, { which: draft, share: 10 });
      if (how === "activating") await replacePolicies(deps, publisher, draft.policies);
      else await rollbackPolicies(deps, publisher, {});
      assert.equal((await heads(deps.database)).canary, undefined);
      const [event] = await eventsOf({ deps }, "policy.canary-ended");
      assert.deepEqual([event.body.version, event.body.why], [version, end]);
    });
  }

  promise("one canary at a time, of a set that passes its tests, by a publisher", async ({ deps }) => {
    const start = (caller = publisher, text = `${PERMIT}\n`) =>
      startCanary(deps, caller, { which: { policies: mine(text) }, share: 5 });
    await assert.rejects(start(), refused("conflict"), "nothing decides yet");
    await replacePolicies(deps, publisher, mine(PERMIT));
    await assert.rejects(start(administrator), refused("forbidden"));
    await assert.rejects(start(publisher, "permit"), refused("invalid"));
    await assert.rejects(stopCanary(deps, publisher), refused("not-found"));
    const both = await Promise.allSettled([start(), start(publisher, `${PERMIT}\n\n`)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    assert.equal((await eventsOf({ deps }, "policy.canary-started")).length, 1);
  });
});
