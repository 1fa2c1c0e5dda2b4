import assert from "node:assert/strict";
import { test } from "node:test";
import type { z } from "zod";
import { auditMigrations, findEvents } from "../audit/index.ts";
import { forEachEngine, type TestEngine } from "../audit/test-databases.ts";
import { catalogMigrations, defineServer, defineTool } from "../catalog/index.ts";
import { openDatabase } from "../database/index.ts";
import { type Caller, Fault, nobody, system } from "../lib/index.ts";
import { registryMigrations } from "../registry/index.ts";
import { revocationMigrations } from "../revocation/index.ts";
import { installShippedPolicies, putPolicies, replacePolicies } from "./activate.ts";
import { ActivePolicies, activeSet } from "./active-set.ts";
import { decide } from "./decide.ts";
import { exampleQuestion, givenQuestion } from "./example-question.ts";
import { getActivePolicies, postPolicyActivation, postPolicyCheck } from "./routes.ts";
import { policyMigrations } from "./store.ts";

const migrations = [
  ...auditMigrations,
  ...revocationMigrations,
  ...registryMigrations,
  ...catalogMigrations,
  ...policyMigrations,
];
const sealer = { seal: (bytes: Uint8Array) => bytes, open: (bytes: Uint8Array) => bytes };
const open = (engine: TestEngine) =>
  engine.open(migrations, { trustDomain: "acme.example", sealer, policies: new ActivePolicies() });

const PERMIT = '@id("all") @reason("All.") permit (principal, action, resource);';
const FORBID = '@id("none") @reason("None.") forbid (principal, action, resource);';
const refused = (code: string) => (error: unknown) => error instanceof Fault && error.code === code;
const register = exampleQuestion(givenQuestion.parse({ action: "register", agent: "none" }));

forEachEngine((engine) => {
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
    await replacePolicies(deps, system, [{ name: "mine", text: PERMIT }]);
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
    await replacePolicies(deps, system, [{ name: "mine", text: PERMIT }]);
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

  test("only an administrator changes what is allowed", async () => {
    const { deps, close } = await open(engine);
    const agent: Caller = { ...nobody("x"), kind: "agent", principal: "cost-agent" };
    await assert.rejects(
      replacePolicies(deps, agent, [{ name: "mine", text: PERMIT }]),
      refused("forbidden"),
    );
    assert.equal(await activeSet(deps), undefined);
    await close();
  });

  test("a set that comes back is the same version again", async () => {
    const { deps, close } = await open(engine);
    const one = await replacePolicies(deps, system, [{ name: "mine", text: PERMIT }]);
    await replacePolicies(deps, system, [{ name: "mine", text: FORBID }]);
    const back = await replacePolicies(deps, system, [{ name: "mine", text: PERMIT }]);
    assert.deepEqual([back.version, back.number], [one.version, 3]);
    const events = await findEvents(deps.database, { limit: 50 });
    assert.ok(JSON.stringify(events).includes("policy.activated"));
    await close();
  });

  test("two activations at once leave one set that decides, and both are numbered", async () => {
    const { deps, close } = await open(engine);
    const sets = [PERMIT, FORBID, `${PERMIT}\n${FORBID}`].map((text) => [{ name: "mine", text }]);
    const done = await Promise.all(sets.map((files) => replacePolicies(deps, system, files)));
    assert.deepEqual(done.map(({ number }) => number).sort(), [1, 2, 3]);
    const last = done.find(({ number }) => number === 3);
    assert.equal((await activeSet(deps))?.version, last?.version);
    await close();
  });

  test("a tool that is pinned later is known to the set that decides", async () => {
    const { deps, close } = await open(engine);
    await replacePolicies(deps, system, [{ name: "mine", text: PERMIT }]);
    const call = exampleQuestion(givenQuestion.parse({ tool: "reports/read" }));
    assert.equal(decide(call, await activeSet(deps), []).verdict, "deny");
    await defineServer(deps, system, { id: "reports", resource: "https://reports.example/" });
    const definition = {
      server: "reports",
      name: "read",
      description: "Reads.",
      labels: ["read" as const],
      inputSchema: { type: "object" as const, properties: {} },
    };
    await defineTool(deps, system, { definition });
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
      postPolicyCheck.handle(deps, system, { ...input, body: { policies: [{ name: "mine", text }] } });
    assert.deepEqual((await check(PERMIT)).body, { activatable: true, problems: [] });
    assert.equal(((await check("permit")).body as { activatable: boolean }).activatable, false);
    assert.equal(await activeSet(deps), undefined);
    await postPolicyActivation.handle(deps, system, {
      ...input,
      body: { policies: [{ name: "mine", text: PERMIT }] },
    });
    const { body } = await getActivePolicies.handle(deps, system, { ...input, body: undefined });
    (getActivePolicies.answers[200] as z.ZodType).parse(body);
    const shown = body as { number: number; author: string; policies: unknown };
    assert.deepEqual(
      [shown.number, shown.author, shown.policies],
      [1, "system", [{ name: "mine", text: PERMIT }]],
    );
    await close();
  });

  if (engine.name === "postgres") {
    test("what one server activates decides at the next request to another", async () => {
      const { deps, location, close } = await open(engine);
      const database = await openDatabase(deps, location, migrations);
      const other = { ...deps, database, policies: new ActivePolicies() };
      await replacePolicies(deps, system, [{ name: "mine", text: PERMIT }]);
      assert.equal(decide(register, await activeSet(other), []).verdict, "allow");
      await replacePolicies(other, system, [{ name: "mine", text: FORBID }]);
      assert.equal(decide(register, await activeSet(deps), []).verdict, "deny");
      await database.close();
      await close();
    });
  }
});
