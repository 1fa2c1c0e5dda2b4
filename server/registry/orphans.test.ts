import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import { forEachEngine } from "../audit/test-databases.ts";
import { Change } from "../database/index.ts";
import { type Code, days, Fault, newId, type PersonId } from "../lib/index.ts";
import { giversAfter } from "./givers.ts";
import {
  addAccount,
  agentOrRefuse,
  aliveAgent,
  decommissionAgent,
  departPerson,
  handOverAgent,
  handOverAll,
  listAgents,
  registerPerson,
  registerService,
  requireActiveAgent,
  resumeAgent,
  serviceOrRefuse,
  suspendOrphans,
  suspendPerson,
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
} from "./test-registry.ts";

const refusal = (code: Code, words?: RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === code && (words === undefined || words.test(error.message));

forEachEngine((engine) => {
  let example: ExampleRegistry;
  let grace: PersonId;
  beforeEach(async () => {
    example = await exampleRegistry(engine);
    const said = { name: "Grace Hopper", email: "grace@example.com" };
    grace = (await registerPerson(example.deps, example.administrator, said)).id;
    await exampleAgent(example);
    await exampleInstance(example, "reporter");
  });
  afterEach(() => example.close());

  const leave = () => departPerson(example.deps, example.administrator, { id: example.owner });
  const now = () => agentOrRefuse(example.deps, "reporter");

  it("when an owner leaves, her agents go on for a grace, start nothing new, and are suspended when it is over", async () => {
    const { deps, administrator, owner } = example;
    await exampleAgent(example, { name: "over" });
    await decommissionAgent(deps, administrator, { name: "over" });
    await leave();
    const orphan = await now();
    assert.deepEqual(
      [orphan.orphanedSince, orphan.graceEnds],
      [deps.clock.now(), deps.clock.now() + days(7)],
    );
    assert.equal((await agentOrRefuse(deps, "over")).orphanedSince, undefined);
    const told = await eventsOf(example, "agent.orphaned");
    assert.deepEqual(
      told.map(({ about, body }) => [about, body]),
      [[{ agent: "reporter", person: owner }, { grace_ends: orphan.graceEnds }]],
    );
    const orphans = await listAgents(deps, { limit: 10, orphaned: true });
    assert.deepEqual(
      orphans.items.map(({ name }) => name),
      ["reporter"],
    );
    await aliveAgent(deps, "reporter");
    await assert.rejects(exampleInstance(example, "reporter"), refusal("invalid", /owner/));

    deps.clock.advance(days(7) - 1);
    assert.equal(await suspendOrphans(deps), 0);
    await aliveAgent(deps, "reporter");
    deps.clock.advance(1);
    await assert.rejects(aliveAgent(deps, "reporter"), refusal("forbidden", /nobody who answers for it/));
    const change = new Change(deps.database);
    requireActiveAgent(deps, change, await now());
    await assert.rejects(deps.database.commit(change));

    assert.equal(await suspendOrphans(deps), 1);
    assert.equal(await suspendOrphans(deps), 0);
    assert.equal((await now()).status, "suspended");
    assert.ok((await deadKeys(example)).includes("agent:reporter#0"));
    const [suspended] = await eventsOf(example, "agent.suspended");
    assert.deepEqual(suspended?.body, { epoch: 1, why: "nobody answers for it" });
    await assert.rejects(resumeAgent(deps, administrator, { name: "reporter" }), refusal("invalid", /owner/));
    await handOverAgent(deps, administrator, { name: "reporter", to: grace });
    assert.equal((await resumeAgent(deps, administrator, { name: "reporter" })).status, "active");
  });

  it("the grace is the installation's to set, and a suspension that can be lifted makes no orphan", async () => {
    const { deps, administrator, owner } = example;
    await suspendPerson(deps, administrator, { id: owner });
    assert.equal((await now()).orphanedSince, undefined);
    const short = { ...deps, lifecycle: { orphanGrace: days(1) } };
    await departPerson(short, administrator, { id: owner });
    assert.equal((await now()).graceEnds, deps.clock.now() + days(1));
  });

  it("an agent is handed over by who answers for it, or by an administrator, to somebody who is there", async () => {
    const { deps, administrator, owner } = example;
    const give = (caller = personCaller(owner), to = grace) =>
      handOverAgent(deps, caller, { name: "reporter", to });
    await assert.rejects(give(personCaller(grace)), refusal("forbidden"));
    await assert.rejects(give(personCaller(owner), newId(deps, "person")), refusal("invalid", /owner/));
    await assert.rejects(give({ ...personCaller(owner), kind: "agent" }), refusal("forbidden"));
    const given = await give();
    assert.deepEqual(given, await now());
    assert.deepEqual([given.owner, given.givenAwayBy, given.status], [grace, [owner], "active"]);
    await assert.rejects(give(), refusal("forbidden"));
    await suspendPerson(deps, administrator, { id: owner });
    await assert.rejects(give(personCaller(grace), owner), refusal("invalid"));
    assert.deepEqual(
      (await eventsOf(example, "agent.handed-over")).map(({ body }) => body),
      [{ from: owner, to: grace }],
    );
    await decommissionAgent(deps, administrator, { name: "reporter" });
    await assert.rejects(give(administrator), refusal("conflict"));
  });

  it("a new owner ends the grace, however she is named", async () => {
    const { deps, administrator } = example;
    await leave();
    await assert.rejects(
      updateAgent(deps, administrator, { name: "reporter", update: { region: "eu-2" } }),
      refusal("invalid", /owner/),
    );
    await updateAgent(deps, administrator, { name: "reporter", update: { owner: grace } });
    const kept = await now();
    assert.deepEqual([kept.owner, kept.orphanedSince, kept.graceEnds], [grace, undefined, undefined]);
    assert.equal(kept.givenAwayBy, undefined);
    deps.clock.advance(days(30));
    assert.equal(await suspendOrphans(deps), 0);
    await aliveAgent(deps, "reporter");
  });

  it("all that a person answers for is handed over at once, before she leaves or after", async () => {
    const { deps, administrator, owner } = example;
    await exampleAgent(example, { name: "helper" });
    const service = await registerService(deps, administrator, {
      name: "reports",
      owner,
      resources: ["https://reports.example.com/"],
    });
    const account = await addAccount(deps, administrator, {
      kind: "api-key",
      system: "reports",
      name: "key-1",
      privilege: "read",
      sensitivity: "internal",
      static: true,
      owner,
    });
    const give = (caller: typeof administrator, to: PersonId) => handOverAll(deps, caller, { id: owner, to });
    await assert.rejects(give(personCaller(grace), grace), refusal("forbidden"));
    await assert.rejects(give(administrator, owner), refusal("invalid"));
    await assert.rejects(give(administrator, newId(deps, "person")), refusal("invalid"));
    assert.deepEqual(await give(personCaller(owner), grace), { agents: 2, services: 1, accounts: 1 });
    assert.deepEqual((await now()).givenAwayBy, [owner]);
    assert.equal((await serviceOrRefuse(deps, service.id)).owner, grace);
    const moved = await eventsOf(example, "account.handed-over");
    assert.deepEqual(moved[0]?.body, { account: account.id, from: owner, to: grace });
    await leave();
    assert.equal((await now()).orphanedSince, undefined);

    await departPerson(deps, administrator, { id: grace });
    const said = { name: "Joan Clarke", email: "joan@example.com" };
    const { id: to } = await registerPerson(deps, administrator, said);
    assert.deepEqual(await handOverAll(deps, administrator, { id: grace, to }), {
      agents: 2,
      services: 1,
      accounts: 1,
    });
    const kept = await now();
    assert.deepEqual([kept.owner, kept.graceEnds, kept.givenAwayBy], [to, undefined, undefined]);
    await exampleInstance(example, "reporter");
  });

  it("who gave an agent away stays on record however it goes on, until an administrator hands it over", async () => {
    const { deps, administrator, owner } = example;
    const said = { name: "Joan Clarke", email: "joan@example.com" };
    const { id: joan } = await registerPerson(deps, administrator, said);
    await exampleAgent(example, { name: "helper", owner: grace });
    const givers = async (name: string) => (await agentOrRefuse(deps, name)).givenAwayBy;
    await handOverAgent(deps, personCaller(owner), { name: "reporter", to: grace });
    await handOverAll(deps, personCaller(grace), { id: grace, to: joan });
    assert.deepEqual([await givers("reporter"), await givers("helper")], [[owner, grace], [grace]]);
    await handOverAgent(deps, personCaller(joan), { name: "reporter", to: owner });
    await handOverAgent(deps, personCaller(owner), { name: "reporter", to: joan });
    assert.deepEqual(await givers("reporter"), [owner, grace, joan]);
    await handOverAgent(deps, personCaller(grace, ["administrator"]), { name: "reporter", to: owner });
    assert.deepEqual(await givers("reporter"), [grace], "nobody clears herself");
    await handOverAgent(deps, administrator, { name: "reporter", to: joan });
    assert.deepEqual(await givers("reporter"), undefined);
    await handOverAll(deps, administrator, { id: joan, to: owner });
    assert.deepEqual([await givers("reporter"), await givers("helper")], [undefined, undefined]);
  });

  it("an agent that goes from hand to hand without end is an administrator's to hand over", () => {
    const [first, ...others] = Array.from({ length: 21 }, (_, n) => `person_${n}` as PersonId);
    assert.ok(first);
    assert.throws(() => giversAfter(others, first, { principal: first }), refusal("conflict"));
    const [one = first] = others;
    assert.deepEqual(giversAfter(others, one, { principal: one }), others);
    assert.deepEqual(giversAfter(others, first, { principal: "person_ada" }), []);
  });
});
