import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { forEachEngine } from "../audit/test-databases.ts";
import { Change, type Database } from "../database/index.ts";
import { Fault, hours, type PersonId, silentLog } from "../lib/index.ts";
import { replacePolicies } from "./activate.ts";
import { activeSet } from "./active-set.ts";
import { DecisionLog, forgetOldDecisions } from "./decision-log.ts";
import { openDecision, sealDecision } from "./decision-record.ts";
import { asked, mine, PERMIT, type PolicyTestDatabase, promisesOn, publisher, recordOf } from "./fixture.ts";
import type { PolicySet } from "./policy.ts";
import { recordDecision, recordDecisionSoon } from "./record-decision.ts";
import { decisionById, decisionsWithin } from "./store-decisions.ts";

const activeOf = async ({ deps }: PolicyTestDatabase): Promise<PolicySet> => {
  await replacePolicies(deps, publisher, mine(PERMIT));
  return (await activeSet(deps)) as PolicySet;
};

/** Seals by turning every bit: what is not opened with the same place is not read. */
const sealer = {
  seal: (bytes: Uint8Array, aad: Uint8Array) => Buffer.concat([aad, bytes.map((byte) => byte ^ 255)]),
  open: (sealed: Uint8Array, aad: Uint8Array) => {
    const bytes = Buffer.from(sealed);
    if (!bytes.subarray(0, aad.length).equals(Buffer.from(aad))) throw new Error("belongs elsewhere");
    return new Uint8Array(bytes.subarray(aad.length)).map((byte) => byte ^ 255);
  },
};

forEachEngine((engine) => {
  const promise = promisesOn(engine);

  promise("what lets something happen is recorded by its change, and not without it", async (opened) => {
    const { deps } = opened;
    const record = recordOf(deps, asked(), await activeOf(opened));
    const change = new Change(deps.database);
    recordDecision(deps, change, record);
    assert.equal(await decisionById(deps.database, record.id), undefined);
    await deps.database.commit(change);
    const sealed = await decisionById(deps.database, record.id);
    assert.deepEqual(sealed && openDecision(deps.sealer, sealed).verdict, record.verdict);
  });

  promise("what lets nothing happen is written soon, many at a time", async (opened) => {
    const { deps } = opened;
    const set = await activeOf(opened);
    let commits = 0;
    const database: Database = {
      ...deps.database,
      commit: (change) => {
        commits += 1;
        return deps.database.commit(change);
      },
    };
    for (let n = 0; n < 450; n++)
      await recordDecisionSoon({ ...deps, database }, recordOf(deps, asked(), set));
    await deps.policies.flush({ ...deps, database });
    const all = { since: 0, until: deps.clock.now() + 1 };
    assert.equal((await decisionsWithin(deps.database, all, undefined, 1_000)).length, 450);
    assert.ok(commits <= 5, `${commits} commits`);
  });

  promise("while decisions cannot be written answers wait, and nothing is lost", async (opened) => {
    const { deps } = opened;
    const set = await activeOf(opened);
    let away = true;
    const database: Database = {
      ...deps.database,
      commit: (change) =>
        away ? Promise.reject(new Fault("unavailable", "Away.")) : deps.database.commit(change),
    };
    const without = { ...deps, database, log: silentLog };
    const log = new DecisionLog();
    const seal = () => sealDecision(deps.sealer, recordOf(deps, asked(), set));
    for (let n = 0; n < 2_000; n++) await log.add(without, seal());
    let answered = false;
    const waiting = log.add(without, seal()).then(() => {
      answered = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(answered, false);
    away = false;
    await waiting;
    await log.flush(without);
    const all = { since: 0, until: deps.clock.now() + 1 };
    assert.equal((await decisionsWithin(deps.database, all, undefined, 3_000)).length, 2_001);
  });

  promise("decisions are kept for thirty days, and no longer", async (opened) => {
    const { deps } = opened;
    const set = await activeOf(opened);
    for (let day = 0; day < 3; day++) {
      for (let n = 0; n < 3; n++) await recordDecisionSoon(deps, recordOf(deps, asked(), set));
      deps.clock.advance(hours(24));
    }
    await deps.policies.flush(deps);
    deps.clock.advance(hours(24 * 28) + 1);
    await forgetOldDecisions(deps);
    const all = { since: 0, until: deps.clock.now() };
    assert.equal((await decisionsWithin(deps.database, all, undefined, 100)).length, 3);
  });

  promise("a record holds no name or address, and nothing of it in clear but ids", async (opened) => {
    const { deps } = opened;
    const set = await activeOf(opened);
    const question = asked({ action: "lend", agent: {}, person: {}, args: { title: "very secret" } });
    const sealed = sealDecision(sealer, recordOf(deps, question, set));
    const text = JSON.stringify({ ...sealed, sealed: Buffer.from(sealed.sealed).toString("latin1") });
    assert.ok(!text.includes("very secret"));
    const { question: again } = openDecision(sealer, sealed);
    assert.deepEqual(
      [again.person?.name, again.person?.email, again.args],
      ["", "", { title: "very secret" }],
    );
    assert.throws(() => openDecision(sealer, { ...sealed, id: "decision_other" }), "it belongs to its id");
  });
});

test("amounts come back exact, and hostile names as what they are", () => {
  const amount = fc.bigInt({ min: 0n, max: 10n ** 19n });
  fc.assert(
    fc.property(amount, fc.dictionary(fc.string(), amount, { noNullPrototype: true }), (value, amounts) => {
      const question = {
        ...asked({ action: "lend", agent: {} }),
        args: JSON.parse('{"__proto__":{"admin":true},"constructor":1}'),
        circumstances: {
          tool: { data: [], untrusted: false, amount: { value, currency: "EUR" } },
          history: { labels: [], untrusted: false, calls: 0, toolCalls: 0, amounts },
        },
      };
      const record = {
        ...{ id: "decision_1" as const, at: 1, by: "active" as const, activation: 1, observed: false },
        ...{ question, receipts: [] },
        verdict: { verdict: "deny" as const, policyVersion: "none", alarms: [], reasons: [] },
      };
      const { question: again } = openDecision(sealer, sealDecision(sealer, record));
      assert.deepEqual(again.circumstances, question.circumstances);
      assert.deepEqual(Object.keys(again.args), ["__proto__", "constructor"]);
    }),
  );
});

test("the person's id stays, because policies read it", () => {
  const question = asked({ action: "lend", agent: {}, person: { id: "person_1", groups: ["a"] } });
  const record = {
    ...{ id: "decision_1" as const, at: 1, by: "active" as const, activation: 1, observed: false },
    ...{ question, receipts: [] },
    verdict: { verdict: "deny" as const, policyVersion: "none", alarms: [], reasons: [] },
  };
  const { question: again } = openDecision(sealer, sealDecision(sealer, record));
  assert.deepEqual([again.person?.id, again.person?.groups], ["person_1" as PersonId, ["a"]]);
});
