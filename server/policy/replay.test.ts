import assert from "node:assert/strict";
import { forEachEngine } from "../audit/test-databases.ts";
import { replacePolicies } from "./activate.ts";
import { activeSet } from "./active-set.ts";
import {
  asked,
  mine,
  PERMIT,
  type PolicyTestDatabase,
  permitBut,
  pinTools,
  promisesOn,
  publisher,
  recordOf,
  refused,
} from "./fixture.ts";
import type { PolicyFile, PolicySet } from "./policy.ts";
import type { Question } from "./question.ts";
import { recordDecisionSoon } from "./record-decision.ts";
import { replayDecisions } from "./replay.ts";

const call = (given: object = {}): Question =>
  asked({ action: "call", agent: {}, tool: "reports/read", ...given });

async function decided(
  { deps }: PolicyTestDatabase,
  files: PolicyFile[],
  questions: Question[],
): Promise<string[]> {
  await replacePolicies(deps, publisher, files);
  const set = (await activeSet(deps)) as PolicySet;
  const ids: string[] = [];
  for (const question of questions) {
    const record = recordOf(deps, question, set);
    await recordDecisionSoon(deps, record);
    ids.push(record.id);
    deps.clock.advance(1_000);
  }
  await deps.policies.flush(deps);
  return ids;
}

const everything = ({ deps }: PolicyTestDatabase) => ({
  since: 0,
  until: deps.clock.now() + 1,
  limit: 1_000,
});

forEachEngine((engine) => {
  const promise = promisesOn(engine);

  promise(
    "says who would be newly refused, allowed and asked, and how many would not notice",
    async (opened) => {
      const { deps } = opened;
      await pinTools(opened);
      const risky = call({ risk: 90, agent: { name: "risky" } });
      const off = call({ agent: { name: "off", environment: "staging" } });
      const calm = call({ risk: 10 });
      const before = permitBut(
        "staging",
        'principal is Agent && principal.environment == "staging" && context.risk < 200',
      );
      const [one, two, three] = await decided(opened, before, [risky, off, calm]);
      const replay = (policies: PolicyFile[]) =>
        replayDecisions(deps, { ...everything(opened), which: { policies } });

      const refusing = await replay(permitBut("risk", "context.risk > 80"));
      assert.deepEqual(refusing.totals, {
        "newly refused": 1,
        "newly allowed": 1,
        "newly asked": 0,
        unknown: 0,
        unchanged: 1,
      });
      const told = refusing.groups.map((group) => [
        ...[group.class, group.agent],
        ...[group.examples, group.was, group.would],
      ]);
      assert.deepEqual(told.sort(), [
        ["newly allowed", "off", [two], ["staging"], ["all"]],
        ["newly refused", "risky", [one], ["all"], ["risk"]],
      ]);
      const asking = await replay(permitBut("risk", "context.risk > 5", '@lift("manager")'));
      assert.equal(asking.totals["newly asked"], 2);
      assert.ok(asking.groups.some(({ examples }) => examples.includes(three ?? "")));
    },
  );

  promise("what the draft reads and nobody looked at then cannot be known", async (opened) => {
    await pinTools(opened);
    const { circumstances: _, ...bare } = call();
    const [id] = await decided(opened, mine(PERMIT), [
      { ...bare, circumstances: { tool: { data: [], untrusted: false } } },
    ]);
    const { deps } = opened;
    const policies = permitBut(
      "tainted",
      "context has history && context.history.untrusted && context.risk > 5",
    );
    const { totals, groups } = await replayDecisions(deps, { ...everything(opened), which: { policies } });
    assert.equal(totals.unknown, 1);
    assert.deepEqual([groups[0]?.unknown, groups[0]?.examples], [["history", "risk"], [id]]);
  });

  promise("what was looked at and could not be had is known not to have been there", async (opened) => {
    await pinTools(opened);
    const { circumstances: _, ...bare } = call();
    const before = permitBut("tainted", "context has history && context.history.untrusted");
    await decided(opened, before, [{ ...bare, circumstances: { tool: { data: [], untrusted: false } } }]);
    const policies = permitBut("unread", "!(context has history)");
    const { totals } = await replayDecisions(opened.deps, { ...everything(opened), which: { policies } });
    assert.deepEqual([totals.unknown, totals["newly refused"]], [0, 1]);
  });

  promise("an action that is not in the catalog any more cannot be known", async (opened) => {
    await decided(opened, mine(PERMIT), [call({ tool: "gone/tool" })]);
    const { totals } = await replayDecisions(opened.deps, {
      ...everything(opened),
      which: { policies: mine(`${PERMIT}\n`) },
    });
    assert.equal(totals.unknown, 1);
  });

  promise("goes through the newest first, bounded, and can go on where it ended", async (opened) => {
    const { deps } = opened;
    const ids = await decided(
      opened,
      mine(PERMIT),
      Array.from({ length: 25 }, () => asked()),
    );
    const input = { ...everything(opened), limit: 10, which: { policies: permitBut("no", "true") } };
    const first = await replayDecisions(deps, input);
    assert.deepEqual([first.considered, first.next], [10, ids[15]]);
    assert.equal(first.groups[0]?.examples[0], ids[24]);
    const second = await replayDecisions(deps, { ...input, before: first.next });
    const third = await replayDecisions(deps, { ...input, before: second.next });
    assert.deepEqual([second.considered, third.considered, third.next], [10, 5, undefined]);
    const span = { since: deps.clock.now() - 5_000, until: deps.clock.now() - 2_000 };
    assert.equal((await replayDecisions(deps, { ...input, ...span })).considered, 3);
  });

  promise("a draft that cannot be read is refused", async (opened) => {
    const draft = { ...everything(opened), which: { policies: mine("permit") } };
    await assert.rejects(replayDecisions(opened.deps, draft), refused("invalid"));
  });

  promise("holds the event loop for a few milliseconds at a time", async (opened) => {
    const { deps } = opened;
    await decided(
      opened,
      mine(PERMIT),
      Array.from({ length: 600 }, () => asked()),
    );
    let longest = 0;
    let last = performance.now();
    const ticking = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    await replayDecisions(deps, { ...everything(opened), which: { policies: permitBut("no", "true") } });
    clearInterval(ticking);
    // Ten on a machine of its own; tests run beside each other.
    assert.ok(longest < 100, `${longest} ms`);
  });
});
