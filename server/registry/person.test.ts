import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import { forEachEngine } from "../audit/test-databases.ts";
import { Change } from "../database/index.ts";
import { type Code, Fault, newId } from "../lib/index.ts";
import {
  alivePerson,
  aliveService,
  defineGroup,
  departPerson,
  findPerson,
  findService,
  grantsOfPerson,
  listPeople,
  registerPerson,
  registerService,
  registerTeam,
  requireActivePerson,
  requireActiveService,
  resumePerson,
  resumeService,
  suspendPerson,
  suspendService,
  updatePerson,
  updateService,
} from "./index.ts";
import {
  deadKeys,
  type ExampleRegistry,
  eventsOf,
  exampleRegistry,
  personCaller,
  toolGrant,
} from "./test-registry.ts";

const refusal = (code: Code, words?: RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === code && (words === undefined || words.test(error.message));

const grace = { name: "Grace Hopper", email: "Grace@Example.com" };

forEachEngine((engine) => {
  let example: ExampleRegistry;
  beforeEach(async () => {
    example = await exampleRegistry(engine);
  });
  afterEach(() => example.close());

  it("a person's record carries groups, department, manager, limits and source from the first day", async () => {
    const { deps, administrator, owner } = example;
    await defineGroup(deps, administrator, { name: "finance", grants: [toolGrant("finance/pay")] });
    const facts = {
      groups: ["finance", "finance"],
      department: "R&D",
      manager: owner,
      limits: { EUR: 20_000 },
      source: "local",
    };
    const person = await registerPerson(deps, administrator, { ...grace, ...facts });
    assert.deepEqual(await findPerson(deps, person.id), person);
    const { groups, department, manager, limits, source, email, status, epoch } = person;
    assert.deepEqual(
      { groups, department, manager, limits, source, email, status, epoch },
      { ...facts, groups: ["finance"], email: "grace@example.com", status: "active", epoch: 0 },
    );
  });

  it("nothing personal stands in the log", async () => {
    const { deps, administrator } = example;
    const person = await registerPerson(deps, administrator, { ...grace, department: "Secret Labs" });
    await updatePerson(deps, administrator, {
      id: person.id,
      update: { name: "Grace B. Hopper", department: "Navy" },
    });
    const log = JSON.stringify(await eventsOf(example));
    for (const word of ["Grace", "grace@", "Secret", "Navy", "Hopper"]) assert.ok(!log.includes(word), word);
    const [updated] = await eventsOf(example, "person.updated");
    assert.deepEqual((updated?.body as { changed: string[] }).changed, ["department", "name"]);
  });

  it("hostile names, limits and addresses are refused, and nothing of the value is repeated", async () => {
    const { deps, administrator } = example;
    const wrong = [
      { name: "<script>alert(1)</script>" },
      { name: "Robert'); DROP TABLE person;--" },
      { name: "\u202Eada" },
      { name: "a".repeat(10_000) },
      { email: "not an address" },
      { limits: { EUR: -1 } },
      { limits: { EUR: 0.5 } },
      { limits: { euro: 1 } },
      { roles: ["administrator"] },
      { status: "active" },
    ];
    for (const more of wrong) {
      await assert.rejects(
        registerPerson(deps, administrator, { ...grace, ...more } as typeof grace),
        (error: unknown) => {
          assert.ok(refusal("invalid")(error));
          return !/script|DROP|\u202E|not an address/.test((error as Fault).message);
        },
      );
    }
  });

  it("one mail address, one person, whatever its case and however many ask at once", async () => {
    const { deps, administrator, owner } = example;
    const outcomes = await Promise.allSettled([
      registerPerson(deps, administrator, grace),
      registerPerson(deps, administrator, { ...grace, email: "grace@example.com" }),
    ]);
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const update = { email: "GRACE@example.com" };
    await assert.rejects(updatePerson(deps, administrator, { id: owner, update }), refusal("exists"));
  });

  it("groups and managers must be registered, and nobody manages herself", async () => {
    const { deps, administrator, owner } = example;
    await assert.rejects(
      registerPerson(deps, administrator, { ...grace, groups: ["nowhere"] }),
      refusal("invalid", /nowhere/),
    );
    const manager = newId(deps, "person");
    await assert.rejects(
      registerPerson(deps, administrator, { ...grace, manager }),
      refusal("invalid", /manager/),
    );
    await assert.rejects(
      updatePerson(deps, administrator, { id: owner, update: { manager: owner } }),
      refusal("invalid"),
    );
  });

  it("what a person has to give are the grants of her groups, as they stand now", async () => {
    const { deps, administrator, owner } = example;
    await defineGroup(deps, administrator, { name: "finance", grants: [toolGrant("finance/pay")] });
    await defineGroup(deps, administrator, { name: "readers", grants: [toolGrant("reports/read")] });
    const nothing = await alivePerson(deps, owner);
    assert.deepEqual(await grantsOfPerson(deps, nothing), []);
    const person = await updatePerson(deps, administrator, {
      id: owner,
      update: { groups: ["readers", "finance"] },
    });
    assert.deepEqual(await grantsOfPerson(deps, person), [
      toolGrant("finance/pay"),
      toolGrant("reports/read"),
    ]);
    await defineGroup(deps, administrator, { name: "finance", grants: [] });
    assert.deepEqual(await grantsOfPerson(deps, person), [toolGrant("reports/read")]);
  });

  it("saying a group, a team or a person again changes nothing and writes no event", async () => {
    const { deps, administrator, owner } = example;
    const say = async () => {
      await defineGroup(deps, administrator, { name: "finance", grants: [toolGrant("finance/pay")] });
      await registerTeam(deps, administrator, { name: "payments", lead: owner, zone: "Europe/Berlin" });
      await updatePerson(deps, administrator, {
        id: owner,
        update: { name: "Ada Lovelace", groups: [], limits: {} },
      });
    };
    await say();
    const count = (await eventsOf(example)).length;
    await say();
    assert.equal((await eventsOf(example)).length, count);
  });

  it("a team has a lead who is registered and a zone that exists", async () => {
    const { deps, administrator, owner } = example;
    const lead = newId(deps, "person");
    await assert.rejects(registerTeam(deps, administrator, { name: "payments", lead }), refusal("not-found"));
    const zone = "Middle/Earth";
    await assert.rejects(
      registerTeam(deps, administrator, { name: "payments", lead: owner, zone }),
      refusal("invalid"),
    );
  });

  it("suspending a person kills her epoch; she is back only after resuming, with the next one", async () => {
    const { deps, administrator, owner, database } = example;
    const commit = (epoch: number) => {
      const change = new Change(database);
      requireActivePerson(change, { id: owner, epoch });
      return database.commit(change);
    };
    await commit(0);
    await suspendPerson(deps, administrator, { id: owner });
    await assert.rejects(alivePerson(deps, owner), refusal("forbidden", /suspended/));
    await assert.rejects(commit(1));
    await resumePerson(deps, administrator, { id: owner });
    await assert.rejects(commit(0));
    await commit(1);
    await departPerson(deps, administrator, { id: owner });
    await assert.rejects(alivePerson(deps, owner), refusal("forbidden", /left/));
    await assert.rejects(resumePerson(deps, administrator, { id: owner }), refusal("conflict"));
    assert.deepEqual(await deadKeys(example), [`person:${owner}#0`, `person:${owner}#1`]);
  });

  it("only an administrator changes people, groups, teams and services", async () => {
    const { deps, owner } = example;
    const hers = personCaller(owner, ["auditor"]);
    const attempts = [
      () => registerPerson(deps, hers, grace),
      () => updatePerson(deps, hers, { id: owner, update: { limits: { EUR: 1_000_000 } } }),
      () => suspendPerson(deps, hers, { id: owner }),
      () => resumePerson(deps, hers, { id: owner }),
      () => departPerson(deps, hers, { id: owner }),
      () => defineGroup(deps, hers, { name: "finance", grants: [] }),
      () => registerTeam(deps, hers, { name: "payments", lead: owner }),
      () => registerService(deps, hers, { name: "billing", owner }),
    ];
    for (const attempt of attempts) await assert.rejects(attempt(), refusal("forbidden"));
    assert.equal((await eventsOf(example, "request.refused")).length, attempts.length);
  });

  it("a service is suspended and resumed like an agent, and losing a resource ends what it was issued", async () => {
    const { deps, administrator, owner, database } = example;
    const resources = ["https://billing.example.com/", "https://api.example.com/"];
    const { id } = await registerService(deps, administrator, { name: "billing", owner, resources });
    await assert.rejects(registerService(deps, administrator, { name: "billing", owner }), refusal("exists"));
    await suspendService(deps, personCaller(owner), { id });
    await assert.rejects(aliveService(deps, id), refusal("forbidden"));
    await assert.rejects(resumeService(deps, personCaller(owner), { id }), refusal("forbidden"));
    await resumeService(deps, administrator, { id });
    await updateService(deps, administrator, { id, update: { resources: resources.slice(0, 1) } });
    const service = await findService(deps, id);
    assert.equal(service?.epoch, 2);
    assert.deepEqual(await deadKeys(example), [`service:${id}#0`, `service:${id}#1`]);
    const change = new Change(database);
    requireActiveService(change, { id, epoch: 1 });
    await assert.rejects(database.commit(change));
  });

  it("people are listed in pages, each once", async () => {
    const { deps, administrator } = example;
    await registerPerson(deps, administrator, grace);
    const first = await listPeople(deps, { limit: 1 });
    const second = await listPeople(deps, { limit: 1, after: first.next });
    assert.notEqual(first.items[0]?.id, second.items[0]?.id);
    assert.equal(second.next, undefined);
  });
});
