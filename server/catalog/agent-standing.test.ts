import assert from "node:assert/strict";
import { afterEach, beforeEach, it, test } from "node:test";
import { coversAll } from "@countersign/proof/grant";
import fc from "fast-check";
import { forEachEngine } from "../audit/test-databases.ts";
import { type Caller, type Code, days, Fault, hours, nobody, type ServiceId } from "../lib/index.ts";
import {
  agentChanges,
  departPerson,
  forgetChanges,
  handOverAll,
  registerPerson,
  registerService,
  resumeAgent,
  type Service,
  suspendAgent,
  updateAgent,
} from "../registry/index.ts";
import {
  type ExampleRegistry,
  exampleAgent,
  exampleInstance,
  exampleRegistry,
  personCaller,
  toolGrant,
} from "../registry/test-registry.ts";
import { grantsAt } from "./agent-standing.ts";
import { agentStanding, catalogMigrations, defineServer } from "./index.ts";

const REPORTS = "https://reports.example.com/";
const PAYROLL = "https://payroll.example.com/";

const refusal = (code: Code) => (error: unknown) => error instanceof Fault && error.code === code;

const serviceCaller = (principal: ServiceId): Caller => ({
  principal,
  kind: "service",
  strength: "enrolled-key",
  via: "dpop",
  roles: [],
});

test("what a service is told of a ceiling never exceeds it, and names no place but its own", () => {
  const location = fc.constantFrom("https://a/", "https://b/", "https://c/", "https://d/");
  const locations = fc.uniqueArray(location, { minLength: 1 });
  const grant = fc.record({ locations }).map((more) => toolGrant("reports/read", more));
  fc.assert(
    fc.property(
      fc.array(grant, { maxLength: 5 }),
      fc.uniqueArray(location),
      (ceiling, resources: string[]) => {
        const told = grantsAt(ceiling, resources);
        assert.ok(coversAll(ceiling, told));
        assert.ok(told.flatMap((one) => one.locations).every((place) => resources.includes(place)));
        for (const resource of resources) {
          const had = ceiling.filter((one) => one.locations.includes(resource)).length;
          assert.equal(told.filter((one) => one.locations.includes(resource)).length, had);
        }
      },
    ),
    { numRuns: 200 },
  );
});

forEachEngine((engine) => {
  let example: ExampleRegistry;
  let reports: Service;
  let payroll: Service;
  beforeEach(async () => {
    example = await exampleRegistry(engine, catalogMigrations);
    const { deps, administrator, owner } = example;
    const serving = (name: string, resources: string[]) =>
      registerService(deps, administrator, { name, owner, resources });
    reports = await serving("reports", [REPORTS]);
    payroll = await serving("payroll", [PAYROLL]);
    await exampleAgent(example, {
      version: "1.0",
      model: "model-5",
      grants: [
        toolGrant("reports/read"),
        toolGrant("payroll/pay", {
          locations: [PAYROLL, "https://bank.example.com/"],
          args: { amount: { op: "eq", value: 5 } },
        }),
      ],
      delegation: { max_depth: 2, needs_person: ["reports/read", "payroll/pay"] },
    });
  });
  afterEach(() => example.close());

  const about = { attackerName: "reporter" };
  const ask = (service: Service, what: Parameters<typeof agentStanding>[2] = about) =>
    agentStanding(example.deps, serviceCaller(service.id), what);
  const define = (resource: string, release?: string[]) =>
    defineServer(example.deps, example.administrator, {
      id: new URL(resource).hostname.split(".")[0] ?? "",
      resource,
      ...(release === undefined ? {} : { release: release as [] }),
    });

  it("a service is told what an agent may do there, what its release allows, and nothing of elsewhere", async () => {
    const { deps, owner } = example;
    await define(REPORTS, ["agent_class", "model", "owner"]);
    await define(PAYROLL);
    const told = await ask(reports);
    const { watch, ...rest } = told;
    assert.deepEqual(rest, {
      agent: "reporter",
      state: "registered",
      active: false,
      capabilities: [toolGrant("reports/read")],
      constraints: { max_depth: 2, needs_person: ["reports/read"] },
      class: "reporting",
      model: "model-5",
      owner,
      at: deps.clock.now(),
    });
    assert.match(watch ?? "", /^[\w-]{22}$/);
    const other = await ask(payroll);
    assert.ok(!JSON.stringify(other).match(/bank|reports\/read/));
    assert.deepEqual(
      [other.owner, other.class, other.version, other.purpose],
      [undefined, "reporting", "1.0", "Writes the weekly report."],
    );
    const whole = await agentStanding(deps, personCaller(owner), about);
    assert.deepEqual([whole.capabilities.length, whole.owner], [2, owner]);
  });

  it("what the catalog does not know is told nothing that can be withheld", async () => {
    const { agent, class: of, purpose, owner } = await ask(reports);
    assert.deepEqual([agent, of, purpose, owner], ["reporter", undefined, undefined, undefined]);
  });

  it("an agent that there is not, and one that has nothing to do with the asker, look exactly alike", async () => {
    const { deps, administrator } = example;
    const stranger = await registerService(deps, administrator, {
      name: "stranger",
      owner: example.owner,
      resources: ["https://stranger.example.com/"],
    });
    const { id } = await exampleInstance(example, "reporter");
    const said = async (asking: Promise<unknown>) => {
      const fault = await asking.then(
        () => assert.fail(),
        (error) => error as Fault,
      );
      return [fault.code, fault.message, fault.remedy, JSON.stringify(fault.members ?? {})];
    };
    const expected = await said(ask(stranger, { attackerName: "nobody-at-all" }));
    assert.deepEqual(await said(ask(stranger)), expected);
    assert.deepEqual(await said(ask(stranger, { attackerInstance: id })), expected);
    assert.deepEqual(await said(ask(stranger, { attackerInstance: "spiffe://x/y" })), expected);
    assert.deepEqual(await said(ask(reports, { attackerName: "' or 1=1 --" })), expected);
    const agentAsks = { ...serviceCaller(reports.id), kind: "agent", principal: "reporter" } as const;
    assert.deepEqual(await said(agentStanding(deps, agentAsks, about)), expected);
    assert.deepEqual(await said(agentStanding(deps, nobody("10.0.0.1"), about)), expected);
    assert.deepEqual(await said(ask({ ...reports, id: "service_00000000000000000000000000" })), expected);
  });

  it("each state is told as it is now, of the agent and of its running copy, without why an end is near", async () => {
    const { deps, administrator, owner } = example;
    const { id, expires } = await exampleInstance(example, "reporter");
    const copy = { attackerInstance: id };
    const now = async () => {
      const { state, active, instance } = await ask(reports, copy);
      return [state, active, instance?.active];
    };
    assert.deepEqual(await now(), ["active", true, true]);
    assert.equal((await ask(reports, copy)).instance?.expires, expires);
    await suspendAgent(deps, administrator, { name: "reporter" });
    assert.deepEqual(await now(), ["suspended", false, false]);
    await resumeAgent(deps, administrator, { name: "reporter" });
    await departPerson(deps, administrator, { id: owner });
    const orphan = await ask(reports, copy);
    assert.equal(orphan.expires, deps.clock.now() + days(7));
    assert.ok(!JSON.stringify(orphan).includes("orphan"));
    deps.clock.advance(hours(2));
    assert.deepEqual(await now(), ["active", true, false]);
    deps.clock.advance(days(7));
    assert.deepEqual(await now(), ["orphaned", false, false]);
  });

  it("changes are told by a word that only those know who were told of the agent, each once and in order", async () => {
    const { deps, administrator } = example;
    const from = (after?: number) => agentChanges(deps, { after, limit: 50 });
    const start = (await from()).head;
    const { watch } = await ask(reports);
    await exampleInstance(example, "reporter");
    await exampleInstance(example, "reporter");
    const activated = await from(start);
    assert.deepEqual(activated.items, [{ seq: start + 1, watch }]);
    assert.equal((await ask(reports)).watch, watch);
    await updateAgent(deps, administrator, {
      name: "reporter",
      update: { team: null, dormantAfter: days(9) },
    });
    assert.deepEqual((await from(activated.head)).items, []);

    const narrowed = [toolGrant("reports/read")];
    await updateAgent(deps, administrator, { name: "reporter", update: { grants: narrowed } });
    assert.deepEqual((await from(activated.head)).items, [{ seq: start + 2, watch }]);
    await assert.rejects(ask(payroll), refusal("not-found"));
    await suspendAgent(deps, administrator, { name: "reporter" });
    const [after] = (await from(start + 2)).items;
    assert.notEqual(after?.watch, watch);
    assert.equal(after?.watch, (await ask(reports)).watch);
    assert.ok(!JSON.stringify(await from(0)).includes("reporter"));
  });

  it("whoever comes back to a place that is forgotten, or was never there, starts over", async () => {
    const { deps, administrator } = example;
    const from = (after: number) => agentChanges(deps, { after, limit: 50 });
    for (const version of ["2", "3"])
      await updateAgent(deps, administrator, { name: "reporter", update: { version } });
    const { head } = await agentChanges(deps, { after: undefined, limit: 1 });
    await assert.rejects(from(head + 1), refusal("gone"));
    deps.clock.advance(hours(24));
    await updateAgent(deps, administrator, { name: "reporter", update: { version: "4" } });
    deps.clock.advance(1);
    await forgetChanges(deps);
    await assert.rejects(from(0), refusal("gone"));
    assert.equal((await from(head)).items.length, 1);
    deps.clock.advance(hours(24));
    await forgetChanges(deps);
    await assert.rejects(from(head), refusal("gone"));
    assert.deepEqual((await from(head + 1)).items, []);
  });

  it("an owner who leaves, and one who hands all over, change what is told of every agent of hers", async () => {
    const { deps, administrator, owner } = example;
    await exampleAgent(example, { name: "helper" });
    const { head } = await agentChanges(deps, { after: undefined, limit: 1 });
    const said = { name: "Grace Hopper", email: "grace@example.com" };
    const { id: to } = await registerPerson(deps, administrator, said);
    await departPerson(deps, administrator, { id: owner });
    await handOverAll(deps, administrator, { id: owner, to });
    const { items } = await agentChanges(deps, { after: head, limit: 50 });
    assert.deepEqual(
      items.map(({ seq }) => seq),
      [1, 2, 3, 4].map((place) => head + place),
    );
    assert.equal(new Set(items.map(({ watch }) => watch)).size, 2);
  });
});
