import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import { z } from "zod";
import { append, auditMigrations, declareEvent } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { Change, openDatabase } from "../database/index.ts";
import { type Code, Fault, minutes, newId, nobody } from "../lib/index.ts";
import { revocationMigrations } from "../revocation/index.ts";
import {
  type AgentSaid,
  aliveAgent,
  decommissionAgent,
  endInstance,
  findAgent,
  findInstance,
  findInstanceByThumbprint,
  isLive,
  listAgents,
  listInstances,
  registerAgent,
  registryMigrations,
  requireActiveAgent,
  resumeAgent,
  suspendAgent,
  suspendPerson,
  touchAgent,
  updateAgent,
} from "./index.ts";
import {
  deadKeys,
  type ExampleRegistry,
  eventsOf,
  exampleAgent,
  exampleInstance,
  exampleRegistry,
  personCaller,
  toolGrant,
} from "./test-registry.ts";

const refusal = (code: Code, words?: RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === code && (words === undefined || words.test(error.message));

const acted = declareEvent("test.acted", "An agent acted in a test.", z.object({}));

forEachEngine((engine) => {
  let example: ExampleRegistry;
  beforeEach(async () => {
    example = await exampleRegistry(engine);
  });
  afterEach(() => example.close());

  it("an agent is registered whole, with what is left out filled in, and has no access yet", async () => {
    const { deps, owner } = example;
    const agent = await exampleAgent(example, {
      version: "1.2.0",
      model: "gpt-5",
      region: "eu-1",
      deployment: "k8s/prod",
    });
    assert.deepEqual(await findAgent(deps, "reporter"), agent);
    assert.equal(agent.owner, owner);
    assert.equal(agent.status, "registered");
    assert.deepEqual(agent.delegation, {
      max_depth: 4,
      grants: agent.grants,
      delegate_to: [],
      needs_person: [],
    });
    await assert.rejects(aliveAgent(deps, "reporter"), refusal("forbidden", /has not enrolled yet/));
  });

  it("no owner, no agent: the owner is a registered, active person", async () => {
    const { deps, administrator, owner } = example;
    await assert.rejects(
      exampleAgent(example, { owner: newId(deps, "person") }),
      refusal("invalid", /owner/),
    );
    const { owner: _, ...without } = said(owner);
    await assert.rejects(
      registerAgent(deps, administrator, without as AgentSaid),
      refusal("invalid", /owner/),
    );
    await suspendPerson(deps, administrator, { id: owner });
    await assert.rejects(exampleAgent(example), refusal("invalid", /owner/));
    assert.equal(await findAgent(deps, "reporter"), undefined);
  });

  it("names, classes, environments, teams, expiries and unknown members are refused at registration", async () => {
    const wrong: Partial<AgentSaid>[] = [
      { name: "administrator" },
      { name: "Reporter" },
      { name: "x'; drop table agent;--" },
      { class: "overlord" as "coding" },
      { environment: "prod" as "production" },
      { team: "nowhere" },
      { expires: 1 },
      { purpose: "<b>all</b>" },
      { delegation: { max_depth: 9 } },
      { admin: true } as Partial<AgentSaid>,
      { grants: [{ type: "agent_tool" }] },
      { grants: [{ ...toolGrant("reports/read"), surprise: true }] },
    ];
    for (const more of wrong)
      await assert.rejects(exampleAgent(example, more), refusal("invalid"), JSON.stringify(more));
    assert.equal((await listAgents(example.deps, { limit: 10 })).items.length, 0);
  });

  it("a refusal repeats no hidden character of what was said", async () => {
    const hostile = { "x\u202Ey\u0000": 1 } as Partial<AgentSaid>;
    await assert.rejects(exampleAgent(example, hostile), (error: unknown) => {
      assert.ok(refusal("invalid", /x\?y\?/)(error));
      return !/[\p{C}]/u.test((error as Fault).message);
    });
  });

  it("an agent may delegate only what it has itself", async () => {
    const wider = { delegation: { grants: [toolGrant("reports/delete")] } };
    await assert.rejects(exampleAgent(example, wider), refusal("invalid", /reports\/delete/));
    await exampleAgent(example, {
      delegation: { grants: [toolGrant("reports/read")], delegate_to: ["helper"] },
    });
    const { deps, administrator } = example;
    const update = { grants: [toolGrant("reports/publish")] };
    await assert.rejects(
      updateAgent(deps, administrator, { name: "reporter", update }),
      refusal("invalid", /reports\/read/),
    );
  });

  it("a name is given once, also when its agent is gone", async () => {
    await exampleAgent(example);
    await assert.rejects(exampleAgent(example), refusal("exists"));
    await decommissionAgent(example.deps, example.administrator, { name: "reporter" });
    await assert.rejects(exampleAgent(example), refusal("exists"));
  });

  it("of two registrations of one name at once, one wins and the other is told that it exists", async () => {
    const outcomes = await Promise.allSettled([exampleAgent(example), exampleAgent(example)]);
    const lost = outcomes.filter((outcome) => outcome.status === "rejected");
    assert.equal(lost.length, 1);
    assert.ok(refusal("exists")(lost[0]?.reason));
    assert.equal((await eventsOf(example, "agent.registered")).length, 1);
  });

  it("only an administrator registers, changes and resumes; an owner may suspend and end what is hers", async () => {
    const { deps, owner } = example;
    const hers = personCaller(owner);
    const stranger = personCaller(newId(deps, "person"), ["auditor"]);
    await assert.rejects(registerAgent(deps, hers, said(owner)), refusal("forbidden"));
    await exampleAgent(example);
    await exampleInstance(example, "reporter");
    const name = "reporter";
    for (const caller of [
      stranger,
      nobody("10.0.0.1"),
      { ...stranger, kind: "agent", principal: "reporter" } as const,
    ]) {
      await assert.rejects(suspendAgent(deps, caller, { name }), refusal("forbidden"));
      await assert.rejects(decommissionAgent(deps, caller, { name }), refusal("forbidden"));
      await assert.rejects(updateAgent(deps, caller, { name, update: {} }), refusal("forbidden"));
    }
    await suspendAgent(deps, hers, { name });
    await assert.rejects(resumeAgent(deps, hers, { name }), refusal("forbidden"));
    await decommissionAgent(deps, hers, { name });
  });

  it("each state has its effect: only an active, unexpired agent has access", async () => {
    const { deps, administrator } = example;
    await exampleAgent(example, { expires: deps.clock.now() + minutes(10) });
    const name = "reporter";
    await assert.rejects(aliveAgent(deps, name), refusal("forbidden", /not enrolled/));
    await exampleInstance(example, name);
    assert.equal((await aliveAgent(deps, name)).status, "active");
    await suspendAgent(deps, administrator, { name });
    await assert.rejects(aliveAgent(deps, name), refusal("forbidden", /suspended/));
    await assert.rejects(exampleInstance(example, name), refusal("forbidden", /suspended/));
    await resumeAgent(deps, administrator, { name });
    assert.equal((await aliveAgent(deps, name)).status, "active");
    deps.clock.advance(minutes(10));
    await assert.rejects(aliveAgent(deps, name), refusal("forbidden", /expired/));
    await assert.rejects(exampleInstance(example, name), refusal("forbidden", /expired/));
    await updateAgent(deps, administrator, { name, update: { expires: null } });
    assert.equal((await aliveAgent(deps, name)).status, "active");
    await decommissionAgent(deps, administrator, { name });
    await assert.rejects(aliveAgent(deps, name), refusal("forbidden", /decommissioned/));
    await assert.rejects(exampleInstance(example, name), refusal("forbidden", /decommissioned/));
    await assert.rejects(aliveAgent(deps, "unknown"), refusal("not-found"));
  });

  it("a change that relies on an agent does not commit once the agent is suspended, expired or of another epoch", async () => {
    const { deps, administrator, database } = example;
    await exampleAgent(example, { expires: deps.clock.now() + minutes(10) });
    await exampleInstance(example, "reporter");
    const commit = (agent: { name: string; epoch: number }) => {
      const change = new Change(database);
      requireActiveAgent(deps, change, agent);
      append(change, acted(deps, administrator, {}, {}));
      return database.commit(change);
    };
    await commit({ name: "reporter", epoch: 0 });
    await suspendAgent(deps, administrator, { name: "reporter" });
    await assert.rejects(commit({ name: "reporter", epoch: 0 }));
    await assert.rejects(commit({ name: "reporter", epoch: 1 }));
    await resumeAgent(deps, administrator, { name: "reporter" });
    await assert.rejects(commit({ name: "reporter", epoch: 0 }));
    await commit({ name: "reporter", epoch: 1 });
    deps.clock.advance(minutes(10));
    await assert.rejects(commit({ name: "reporter", epoch: 1 }));
    assert.equal((await eventsOf(example, "test.acted")).length, 2);
  });

  it("suspending kills the epoch and begins the next; resuming brings none of it back", async () => {
    const { deps, administrator } = example;
    await exampleAgent(example);
    await exampleInstance(example, "reporter");
    await suspendAgent(deps, administrator, { name: "reporter" });
    assert.deepEqual(await deadKeys(example), ["agent:reporter#0", "agent:reporter/access#0"]);
    const resumed = await resumeAgent(deps, administrator, { name: "reporter" });
    assert.equal(resumed.epoch, 1);
    assert.deepEqual(await findAgent(deps, "reporter"), resumed);
    await assert.rejects(resumeAgent(deps, administrator, { name: "reporter" }), refusal("conflict"));
    await suspendAgent(deps, administrator, { name: "reporter" });
    assert.deepEqual(await deadKeys(example), [
      ...["agent:reporter#0", "agent:reporter/access#0"],
      ...["agent:reporter#1", "agent:reporter/access#1"],
    ]);
    const events = await eventsOf(example, "agent.suspended");
    assert.deepEqual(
      events.map(({ about }) => about),
      events.map(() => ({ agent: "reporter", person: example.owner })),
    );
  });

  it("decommissioning ends the agent, each of its instances and their keys in one change", async () => {
    const { deps, administrator } = example;
    await exampleAgent(example);
    await exampleAgent(example, { name: "other" });
    const [a, b, other] = [
      await exampleInstance(example, "reporter"),
      await exampleInstance(example, "reporter"),
      await exampleInstance(example, "other"),
    ];
    await decommissionAgent(deps, administrator, { name: "reporter" });
    const dead = new Set(await deadKeys(example));
    const expected = [
      "agent:reporter",
      "agent:reporter#0",
      ...[a, b].flatMap((i) => [`instance:${i.id}`, `jkt:${i.thumbprint}`]),
    ];
    assert.deepEqual([...dead].sort(), expected.sort());
    for (const instance of [a, b]) assert.equal((await findInstance(deps, instance.id))?.status, "ended");
    assert.equal((await findInstance(deps, other.id))?.status, "active");
    await assert.rejects(decommissionAgent(deps, administrator, { name: "reporter" }), refusal("conflict"));
    await assert.rejects(
      updateAgent(deps, administrator, { name: "reporter", update: { purpose: "Back again." } }),
      refusal("conflict"),
    );
  });

  it("no instance slips in while its agent is being decommissioned", async () => {
    const { deps, administrator } = example;
    await exampleAgent(example);
    await exampleInstance(example, "reporter");
    const attempts = Array.from({ length: 6 }, () => exampleInstance(example, "reporter"));
    const outcomes = await Promise.allSettled([
      ...attempts,
      decommissionAgent(deps, administrator, { name: "reporter" }),
    ]);
    assert.equal(outcomes.at(-1)?.status, "fulfilled");
    const { items } = await listInstances(deps, { kind: "agent", principal: "reporter" }, { limit: 50 });
    assert.deepEqual(
      items.filter(({ status }) => status === "active"),
      [],
    );
    const dead = new Set(await deadKeys(example));
    for (const instance of items) assert.ok(dead.has(`jkt:${instance.thumbprint}`));
  });

  it("saying an agent's record again changes nothing and writes no event", async () => {
    const { deps, administrator, owner } = example;
    const before = await exampleAgent(example);
    const { name, ...update } = said(owner);
    const count = (await eventsOf(example)).length;
    assert.deepEqual(await updateAgent(deps, administrator, { name, update }), before);
    assert.equal((await eventsOf(example)).length, count);
  });

  it("an update changes what it says, takes away what it says is null, and leaves the rest", async () => {
    const { deps, administrator } = example;
    await exampleAgent(example, { version: "1.0.0", region: "eu-1" });
    await updateAgent(deps, administrator, { name: "reporter", update: { version: "2.0.0", region: null } });
    const agent = await findAgent(deps, "reporter");
    assert.equal(agent?.version, "2.0.0");
    assert.equal(agent !== undefined && "region" in agent, false);
    assert.equal(agent?.purpose, "Writes the weekly report.");
    const [event] = await eventsOf(example, "agent.updated");
    assert.deepEqual((event?.body as { changed: string[] }).changed, ["region", "version"]);
  });

  it("narrowing an agent's grants kills what was issued on the wider ones; widening does not", async () => {
    const { deps, administrator } = example;
    await exampleAgent(example);
    const say = (grants: AgentSaid["grants"]) =>
      updateAgent(deps, administrator, { name: "reporter", update: { grants } });
    const wider = await say([
      toolGrant("reports/read"),
      toolGrant("reports/publish"),
      toolGrant("reports/list"),
    ]);
    assert.equal(wider.epoch, 0);
    assert.deepEqual(wider.delegation.grants, wider.grants);
    assert.deepEqual(await deadKeys(example), []);
    const narrower = await say([toolGrant("reports/read")]);
    assert.equal(narrower.epoch, 1);
    assert.deepEqual(await deadKeys(example), ["agent:reporter#0"]);
  });

  it("free text of an agent stands in the log only as a commitment", async () => {
    await exampleAgent(example, { purpose: "Pays Grace Hopper's invoices." });
    await updateAgent(example.deps, example.administrator, {
      name: "reporter",
      update: { purpose: "Pays Alan Turing." },
    });
    const log = JSON.stringify(await eventsOf(example));
    for (const word of ["Grace", "Turing", "Ada", "ada@example.com"]) assert.ok(!log.includes(word), word);
    const [registered] = await eventsOf(example, "agent.registered");
    assert.match((registered?.body as { purpose: string }).purpose, /^[A-Za-z0-9_-]{43}$/);
  });

  it("an agent whose owner is gone is not resumed, and takes in no new process", async () => {
    const { deps, administrator, owner } = example;
    await exampleAgent(example);
    await exampleInstance(example, "reporter");
    await suspendAgent(deps, administrator, { name: "reporter" });
    await suspendPerson(deps, administrator, { id: owner });
    await assert.rejects(resumeAgent(deps, administrator, { name: "reporter" }), refusal("invalid", /owner/));
    await exampleAgent(example, { name: "second" }).catch(() => {});
    assert.equal(await findAgent(deps, "second"), undefined);
  });

  it("an instance is known by its SPIFFE ID and by its key, until it ends for good", async () => {
    const { deps, administrator } = example;
    await exampleAgent(example);
    const instance = await exampleInstance(example, "reporter");
    assert.match(instance.id, /^spiffe:\/\/example\.org\/agent\/reporter\/instance_/);
    assert.deepEqual(await findInstanceByThumbprint(deps, instance.thumbprint), instance);
    assert.ok(isLive(instance, instance.expires - 1));
    assert.ok(!isLive(instance, instance.expires));
    const agent = await findAgent(deps, "reporter");
    assert.equal(agent?.strength, "enrolled-key");
    const stranger = personCaller(newId(deps, "person"));
    await assert.rejects(endInstance(deps, stranger, { id: instance.id }), refusal("forbidden"));
    const itself = {
      ...administrator,
      kind: "agent",
      principal: "reporter",
      roles: [],
      instance: instance.id,
    } as const;
    await endInstance(deps, itself, { id: instance.id });
    await assert.rejects(endInstance(deps, itself, { id: instance.id }), refusal("gone"));
    assert.deepEqual(await deadKeys(example), [`instance:${instance.id}`, `jkt:${instance.thumbprint}`]);
    assert.equal((await aliveAgent(deps, "reporter")).status, "active");
  });

  it("an instance never outlives its agent's expiry", async () => {
    const expires = example.deps.clock.now() + minutes(5);
    await exampleAgent(example, { expires });
    assert.equal((await exampleInstance(example, "reporter")).expires, expires);
  });

  it("activity is noted to the minute, without an event and without touching the record's revision", async () => {
    const { deps } = example;
    const { revision } = await exampleAgent(example);
    const count = (await eventsOf(example)).length;
    const touch = async () => touchAgent(deps, (await findAgent(deps, "reporter")) ?? assert.fail("none"));
    await touch();
    const first = deps.clock.now();
    deps.clock.advance(minutes(1) - 1);
    await touch();
    assert.equal((await findAgent(deps, "reporter"))?.lastActive, first);
    deps.clock.advance(1);
    await touch();
    await touchAgent(deps, { name: "nobody-we-know" });
    const agent = await findAgent(deps, "reporter");
    assert.equal(agent?.lastActive, first + minutes(1));
    assert.equal(agent?.revision, revision);
    assert.equal((await eventsOf(example)).length, count);
  });

  it("agents are listed in pages by name, each once", async () => {
    for (const name of ["ccc", "aaa", "bbb"]) await exampleAgent(example, { name });
    const first = await listAgents(example.deps, { limit: 2 });
    assert.deepEqual(
      first.items.map(({ name }) => name),
      ["aaa", "bbb"],
    );
    const second = await listAgents(example.deps, { limit: 2, after: first.next });
    assert.deepEqual(
      second.items.map(({ name }) => name),
      ["ccc"],
    );
    assert.equal(second.next, undefined);
    assert.deepEqual(
      (await listAgents(example.deps, { limit: 2, owner: newId(example.deps, "person") })).items,
      [],
    );
  });

  it("a refusal by state is recorded and changes nothing", async () => {
    await exampleAgent(example);
    const before = await findAgent(example.deps, "reporter");
    await assert.rejects(
      resumeAgent(example.deps, example.administrator, { name: "reporter" }),
      refusal("conflict"),
    );
    assert.deepEqual(await findAgent(example.deps, "reporter"), before);
    assert.equal((await eventsOf(example, "request.refused")).length, 1);
  });

  it("two servers on one PostgreSQL that suspend at once suspend once", async (context) => {
    if (engine.name === "sqlite") return context.skip("an embedded store has one server");
    const { deps, administrator, location } = example;
    await exampleAgent(example);
    await exampleInstance(example, "reporter");
    const migrations = [...auditMigrations, ...revocationMigrations, ...registryMigrations];
    const second = await openDatabase(deps, location, migrations);
    const name = "reporter";
    const outcomes = await Promise.allSettled([
      suspendAgent(deps, administrator, { name }),
      suspendAgent({ ...deps, database: second }, administrator, { name }),
    ]);
    await second.close();
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    assert.deepEqual(await deadKeys(example), ["agent:reporter#0", "agent:reporter/access#0"]);
  });
});

const said = (owner: AgentSaid["owner"]): AgentSaid => ({
  name: "reporter",
  class: "reporting",
  purpose: "Writes the weekly report.",
  environment: "production",
  owner,
  grants: [toolGrant("reports/read"), toolGrant("reports/publish")],
});
