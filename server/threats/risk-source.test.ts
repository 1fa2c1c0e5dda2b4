import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { recordRefusal } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { Change } from "../database/index.ts";
import { type Caller, Fault, hours, minutes } from "../lib/index.ts";
import { type Agent, endInstance, findRisk } from "../registry/index.ts";
import {
  type ExampleRegistry,
  eventsOf,
  exampleAgent,
  exampleInstance,
  exampleRegistry,
} from "../registry/test-registry.ts";
import { riskSource, threatsMigrations } from "./index.ts";

forEachEngine((engine) => {
  let registry: ExampleRegistry;
  let agent: Agent;
  let instance: string;

  beforeEach(async () => {
    registry = await exampleRegistry(engine, threatsMigrations);
    agent = await exampleAgent(registry, { name: "cost-agent" });
    instance = (await exampleInstance(registry, "cost-agent")).id;
  });
  afterEach(() => registry.close());

  const of = (tool?: string) =>
    riskSource(registry.deps).of({ agent, instance, ...(tool === undefined ? {} : { tool }) });
  const refuse = (code: "denied" | "approval-required" | "use-dpop-nonce") =>
    recordRefusal(registry.deps, caller(), "token.issue", new Fault(code, "No."));
  const caller = (): Caller => ({
    principal: "cost-agent",
    kind: "agent",
    strength: "enrolled-key",
    via: "access-token",
    roles: [],
    instance,
  });

  test("the first assessment is made and kept when it is asked for", async () => {
    const risk = await of("billing/read");
    assert.equal(risk?.score, 10);
    const { anomalies, ...record } = risk ?? assert.fail("none");
    assert.deepEqual(anomalies, []);
    assert.deepEqual(await findRisk(registry.deps, instance), record);
  });

  test("what is on record is used for a minute, and made anew after", async () => {
    const first = await of();
    for (let i = 0; i < 5; i++) await refuse("denied");
    assert.deepEqual(await of(), first);
    registry.deps.clock.advance(minutes(1));
    assert.equal((await of())?.parts.refusals, 15);
  });

  test("being told the nonce to sign with is no refusal", async () => {
    for (let i = 0; i < 5; i++) await refuse("use-dpop-nonce");
    assert.equal((await of())?.parts.refusals, 0);
  });

  test("being told to wait for a person is no refusal", async () => {
    for (let i = 0; i < 5; i++) await refuse("approval-required");
    assert.equal((await of())?.parts.refusals, 0);
  });

  test("refusals are forgotten after an hour", async () => {
    for (let i = 0; i < 5; i++) await refuse("denied");
    registry.deps.clock.advance(hours(1) + 1);
    assert.equal((await of())?.parts.refusals, 0);
  });

  const call = async (tool: string) => {
    const change = new Change(registry.deps.database);
    riskSource(registry.deps).used(change, { agent: "cost-agent", tool });
    await registry.deps.database.commit(change);
  };

  test("a new agent's first tools are no new behaviour; a settled agent's are, at once", async () => {
    await call("billing/read");
    assert.equal((await of("billing/list"))?.parts.new_behaviour, 0);
    registry.deps.clock.advance(hours(25));
    assert.equal((await of("billing/read"))?.parts.new_behaviour, 0);
    assert.equal((await of("payments/send"))?.parts.new_behaviour, 8);
    await call("payments/send");
    registry.deps.clock.advance(minutes(1));
    const strange = await of("payments/erase");
    assert.equal(strange?.parts.new_behaviour, 16);
    assert.deepEqual(strange?.anomalies, ["new_behaviour"]);
  });

  test("asking makes no habit of it, and raises nobody's risk for what was not done", async () => {
    registry.deps.clock.advance(hours(25));
    for (let i = 0; i < 3; i++) assert.equal((await of("payments/send"))?.parts.new_behaviour, 8);
    assert.equal((await of())?.parts.new_behaviour, 0);
    registry.deps.clock.advance(minutes(2));
    assert.equal((await of("payments/erase"))?.parts.new_behaviour, 8);
  });

  test("an event tells of another band, and of nothing else", async () => {
    await of();
    for (let i = 0; i < 20; i++) await refuse("denied");
    registry.deps.clock.advance(minutes(1));
    await of();
    registry.deps.clock.advance(minutes(1));
    await of();
    const bands = (await eventsOf(registry, "risk.changed")).map(
      ({ body }) => body as { before: string; band: string },
    );
    assert.deepEqual(
      bands.map(({ before, band }) => [before, band]),
      [["low", "raised"]],
    );
  });

  test("a copy that has ended, or is another agent's, has no risk that could be known", async () => {
    const other = await exampleAgent(registry, { name: "other-agent" });
    await of();
    assert.equal(await riskSource(registry.deps).of({ agent: other, instance }), undefined);
    registry.deps.clock.advance(minutes(2));
    await endInstance(registry.deps, registry.administrator, { id: instance });
    assert.equal(await of(), undefined);
  });

  test("where it cannot be assessed nothing is known", async () => {
    const broken = { ...registry.deps, database: { tables: () => assert.fail("no database") } } as never;
    assert.equal(await riskSource(broken).of({ agent, instance }), undefined);
  });
});
