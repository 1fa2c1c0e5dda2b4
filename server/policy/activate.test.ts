import assert from "node:assert/strict";
import { test } from "node:test";
import type { z } from "zod";
import { perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { openDatabase } from "../database/index.ts";
import { system } from "../lib/index.ts";
import { deadAmong } from "../revocation/index.ts";
import { installShippedPolicies, putPolicies, replacePolicies } from "./activate.ts";
import { ActivePolicies, activeSet } from "./active-set.ts";
import { decide } from "./decide.ts";
import { decidingFor, requireDeciding } from "./deciding.ts";
import {
  administrator,
  agent,
  asked,
  auditor,
  eventsOf,
  FORBID,
  migrations,
  mine,
  openPolicies as open,
  PERMIT,
  pinTools,
  promisesOn,
  publisher,
  refused,
} from "./fixture.ts";
import { policyKey } from "./policy-key.ts";
import { getActivePolicies, postPolicyActivation, postPolicyCheck } from "./routes.ts";

const register = asked();

forEachEngine((engine) => {
  const promise = promisesOn(engine);

  test("before anything is activated everything is denied", async () => {
    const { deps, close } = await open(engine);
    assert.equal(await activeSet(deps), undefined);
    await close();
  });

  test("on the first start the shipped policies decide as the first set; later starts change nothing", async () => {
    const { deps, close } = await open(engine);
    await installShippedPolicies(deps, system);
    const first = await activeSet(deps);
    assert.match(first?.version ?? "", /^pv_[0-9a-f]{16}$/);
    await replacePolicies(deps, system, mine(PERMIT));
    await installShippedPolicies(deps, system);
    assert.deepEqual([...((await activeSet(deps))?.policies.keys() ?? [])], ["all"]);
    await close();
  });

  test("policies put beside the shipped ones replace those of the same name and keep the others", async () => {
    const { deps, close } = await open(engine);
    const before = await putPolicies(deps, system, [
      {
        name: "high-risk",
        text: FORBID.replace("none", "nothing").replace("resource)", "resource) when { context.risk == 99 }"),
      },
    ]);
    assert.equal(before.number, 1);
    const ids = [...((await activeSet(deps))?.policies.keys() ?? [])];
    assert.ok(
      ids.includes("nothing") && ids.includes("delegated-call") && !ids.includes("high-risk-needs-manager"),
    );
    const again = await putPolicies(deps, system, []);
    assert.deepEqual(again, before, "a set that decides already is not activated anew");
    await close();
  });

  test("a set with a problem, or whose tests fail, is not activated: what decided still does", async () => {
    const { deps, close } = await open(engine);
    await replacePolicies(deps, system, mine(PERMIT));
    const tests =
      "tests: [{ name: no, given: { action: register, agent: none }, expect: { verdict: deny } }]";
    await assert.rejects(
      replacePolicies(deps, system, [{ name: "mine", text: "permit" }]),
      refused("invalid"),
    );
    await assert.rejects(
      replacePolicies(deps, system, [{ name: "mine", text: PERMIT, tests }]),
      refused("invalid"),
    );
    assert.equal(decide(register, await activeSet(deps), []).verdict, "allow");
    await close();
  });

  promise("only a policy publisher changes what is allowed, whoever else one is", async ({ deps }) => {
    for (const caller of [agent, administrator, auditor, { ...agent, roles: publisher.roles }])
      await assert.rejects(replacePolicies(deps, caller, mine(PERMIT)), refused("forbidden"));
    assert.equal(await activeSet(deps), undefined);
    assert.equal((await replacePolicies(deps, publisher, mine(PERMIT))).number, 1);
  });

  test("a set that comes back is the same version again", async () => {
    const { deps, close } = await open(engine);
    const one = await replacePolicies(deps, system, mine(PERMIT));
    await replacePolicies(deps, system, mine(FORBID));
    const back = await replacePolicies(deps, system, mine(PERMIT));
    assert.deepEqual([back.version, back.number], [one.version, 3]);
    const events = await eventsOf({ deps }, "policy.activated");
    assert.deepEqual(
      events.sort((a, b) => a.body.number - b.body.number).map(({ body }) => body.changed[0].id),
      ["all", "none", "all"],
    );
    await close();
  });

  test("two activations at once leave one set that decides, and both are numbered", async () => {
    const { deps, close } = await open(engine);
    const sets = [PERMIT, FORBID, `${PERMIT}\n${FORBID}`].map(mine);
    const done = await Promise.all(sets.map((files) => replacePolicies(deps, system, files)));
    assert.deepEqual(done.map(({ number }) => number).sort(), [1, 2, 3]);
    const last = done.find(({ number }) => number === 3);
    assert.equal((await activeSet(deps))?.version, last?.version);
    await close();
  });

  test("a tool that is pinned later is known to the set that decides", async () => {
    const { deps, close, ...rest } = await open(engine);
    await replacePolicies(deps, system, mine(PERMIT));
    const call = asked({ action: "call", agent: {}, tool: "reports/read" });
    assert.equal(decide(call, await activeSet(deps), []).verdict, "deny");
    await pinTools({ deps, close, ...rest });
    assert.equal(decide(call, await activeSet(deps), []).verdict, "allow");
    await close();
  });

  test("the active set can be read, and a set can be checked without activating it", async () => {
    const { deps, close } = await open(engine);
    const request = { method: "GET", url: "", path: "", headers: {}, source: "192.0.2.1" };
    const input = { params: undefined, query: undefined, request };
    await assert.rejects(
      getActivePolicies.handle(deps, system, { ...input, body: undefined }),
      refused("not-found"),
    );
    const check = (text: string) =>
      postPolicyCheck.handle(deps, system, { ...input, body: { policies: mine(text) } });
    assert.deepEqual((await check(PERMIT)).body, { activatable: true, problems: [] });
    assert.equal(((await check("permit")).body as { activatable: boolean }).activatable, false);
    assert.equal(await activeSet(deps), undefined);
    await postPolicyActivation.handle(deps, system, {
      ...input,
      body: { policies: mine(PERMIT), revoke_older: false },
    });
    const { body } = await getActivePolicies.handle(deps, system, { ...input, body: undefined });
    (getActivePolicies.answers[200] as z.ZodType).parse(body);
    const shown = body as { number: number; author: string; policies: unknown };
    assert.deepEqual([shown.number, shown.author, shown.policies], [1, "system", mine(PERMIT)]);
    await close();
  });

  promise("what was decided by an earlier set does not commit after a later one", async ({ deps }) => {
    await replacePolicies(deps, publisher, mine(PERMIT));
    let attempts = 0;
    const seen = await perform(deps, system, "test", async (change) => {
      attempts += 1;
      const deciding = await decidingFor(deps, register);
      const { verdict } = decide(register, deciding.set, []);
      if (attempts === 1) await replacePolicies(deps, publisher, mine(FORBID));
      if (verdict === "allow") requireDeciding(change, deciding);
      return verdict;
    });
    assert.deepEqual([seen, attempts], ["deny", 2]);
  });

  promise("a set is not decided by while it is the same content under a new activation", async ({ deps }) => {
    await replacePolicies(deps, publisher, mine(PERMIT));
    let attempts = 0;
    await perform(deps, system, "test", async (change) => {
      attempts += 1;
      const deciding = await decidingFor(deps, register);
      if (attempts === 1) {
        await replacePolicies(deps, publisher, mine(FORBID));
        await replacePolicies(deps, publisher, mine(PERMIT));
      }
      requireDeciding(change, deciding);
    });
    assert.equal(attempts, 2, "the activation that tokens are bound to is another one");
  });

  promise("activating with revoke_older ends everything issued under older sets, once", async ({ deps }) => {
    for (const text of [PERMIT, FORBID]) await replacePolicies(deps, publisher, mine(text));
    const third = await replacePolicies(deps, publisher, mine(PERMIT), { revokeOlder: true });
    const keys = [1, 2, 3, 4].map(policyKey);
    assert.deepEqual([third.number, await deadAmong(deps, keys)], [3, keys.slice(0, 2)]);
    const again = await replacePolicies(deps, publisher, mine(PERMIT), { revokeOlder: true });
    assert.deepEqual([again.number, await deadAmong(deps, keys)], [4, keys.slice(0, 3)]);
    const events = await eventsOf({ deps }, "policy.activated");
    assert.equal(events.filter(({ body }) => body.revoke_older).length, 2);
  });

  if (engine.name === "postgres") {
    test("what one server activates decides at the next request to another", async () => {
      const { deps, location, close } = await open(engine);
      const database = await openDatabase(deps, location, migrations);
      const other = { ...deps, database, policies: new ActivePolicies() };
      await replacePolicies(deps, system, mine(PERMIT));
      assert.equal(decide(register, await activeSet(other), []).verdict, "allow");
      await replacePolicies(other, system, mine(FORBID));
      assert.equal(decide(register, await activeSet(deps), []).verdict, "deny");
      await database.close();
      await close();
    });

    test("of activations at two servers at once each takes its turn, and both decide by the last", async () => {
      const { deps, location, close } = await open(engine);
      const database = await openDatabase(deps, location, migrations);
      const other = { ...deps, database, policies: new ActivePolicies() };
      const done = await Promise.all(
        Array.from({ length: 8 }, (_, n) => {
          const text = PERMIT.replaceAll("all", `all-${n}`);
          return replacePolicies(n % 2 === 0 ? deps : other, publisher, mine(text));
        }),
      );
      assert.deepEqual(done.map(({ number }) => number).sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
      const last = done.find(({ number }) => number === 8)?.version;
      assert.deepEqual([(await activeSet(deps))?.version, (await activeSet(other))?.version], [last, last]);
      await database.close();
      await close();
    });
  }
});
