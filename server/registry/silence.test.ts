import assert from "node:assert/strict";
import { afterEach, beforeEach, it, test } from "node:test";
import fc from "fast-check";
import { auditMigrations } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { openDatabase } from "../database/index.ts";
import { type Code, days, Fault, hours, minutes } from "../lib/index.ts";
import { revocationMigrations } from "../revocation/index.ts";
import {
  agentOrRefuse,
  aliveAgent,
  findInstance,
  type RegistryDeps,
  registryMigrations,
  restAgents,
  resumeAgent,
  suspendAgent,
  touchAgent,
  updateAgent,
} from "./index.ts";
import { isSilent } from "./silence.ts";
import {
  deadKeys,
  type ExampleRegistry,
  eventsOf,
  exampleAgent,
  exampleInstance,
  exampleRegistry,
} from "./test-registry.ts";

const refusal = (code: Code, words?: RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === code && (words === undefined || words.test(error.message));

const CLIENT = { redirect_uris: ["http://127.0.0.1/callback"] };

test("an agent is silent exactly when its own span has passed since its last word, or the server's where it has none", () => {
  const span = fc.option(fc.nat(100), { nil: undefined });
  fc.assert(
    fc.property(span, span, fc.nat(100), fc.nat(300), (own, byDefault, lastActive, now) => {
      const agent = { created: 0, lastActive, ...(own === undefined ? {} : { dormantAfter: own }) };
      const limit = own ?? byDefault ?? Number.POSITIVE_INFINITY;
      assert.equal(isSilent(agent, now, byDefault), now >= lastActive + limit);
    }),
    { numRuns: 300 },
  );
});

forEachEngine((engine) => {
  let example: ExampleRegistry;
  let deps: ExampleRegistry["deps"] & RegistryDeps;
  beforeEach(async () => {
    example = await exampleRegistry(engine);
    deps = { ...example.deps, lifecycle: { dormantAfter: days(30) } };
  });
  afterEach(() => example.close());

  const statusOf = async (name: string) => (await agentOrRefuse(deps, name)).status;

  it("an agent that is silent for too long loses all it has, at the very millisecond, and comes back by enrolling", async () => {
    await exampleAgent(example);
    const copy = await exampleInstance(example, "reporter");
    deps.clock.advance(days(1));
    await touchAgent(deps, await agentOrRefuse(deps, "reporter"));
    deps.clock.advance(days(30) - 1);
    assert.equal(await restAgents(deps), 0);
    deps.clock.advance(1);
    assert.equal(await restAgents(deps), 1);
    const agent = await agentOrRefuse(deps, "reporter");
    assert.deepEqual([agent.status, agent.epoch], ["dormant", 1]);
    await assert.rejects(aliveAgent(deps, "reporter"), refusal("forbidden", /silent for too long/));
    assert.equal((await findInstance(deps, copy.id))?.status, "ended");
    const dead = [`instance:${copy.id}`, `jkt:${copy.thumbprint}`, "agent:reporter#0"];
    assert.deepEqual((await deadKeys(example)).sort(), dead.sort());
    const [told] = await eventsOf(example, "agent.rested");
    const silentSince = deps.clock.now() - days(30);
    assert.deepEqual(told?.body, { epoch: 1, instances: 1, silent_since: silentSince });
    assert.equal(told?.actor.kind, "system");
    assert.equal(await restAgents(deps), 0);

    await exampleInstance(example, "reporter");
    assert.equal((await aliveAgent(deps, "reporter")).lastActive, deps.clock.now());
    assert.equal(await restAgents(deps), 0);
  });

  it("a span of its own goes before the server's, whichever is longer, and holds where the server has none", async () => {
    const spans = { hasty: hours(2), patient: days(60), plain: null };
    for (const [name, dormantAfter] of Object.entries(spans)) {
      await exampleAgent(example, { name });
      await exampleInstance(example, name);
      await updateAgent(deps, example.administrator, { name, update: { dormantAfter } });
    }
    deps.clock.advance(hours(2));
    assert.equal(await restAgents(example.deps), 1);
    assert.equal(await statusOf("hasty"), "dormant");
    deps.clock.advance(days(40));
    assert.equal(await restAgents(example.deps), 0);
    assert.equal(await restAgents(deps), 1);
    assert.deepEqual([await statusOf("patient"), await statusOf("plain")], ["active", "dormant"]);
    deps.clock.advance(days(20));
    assert.equal(await restAgents(deps), 1);
    assert.equal(await statusOf("patient"), "dormant");
    await assert.rejects(
      exampleAgent(example, { name: "mute", dormantAfter: minutes(59) }),
      refusal("invalid"),
    );
  });

  it("only who is active falls silent; whoever is resumed has just been spoken of", async () => {
    await exampleAgent(example, { name: "waiting" });
    await exampleAgent(example, { name: "suspended" });
    await exampleInstance(example, "suspended");
    await suspendAgent(deps, example.administrator, { name: "suspended" });
    deps.clock.advance(days(90));
    assert.equal(await restAgents(deps), 0);
    await resumeAgent(deps, example.administrator, { name: "suspended" });
    assert.equal(await restAgents(deps), 0);
    assert.deepEqual([await statusOf("waiting"), await statusOf("suspended")], ["registered", "active"]);
  });

  it("what people start falls silent as well, and an administrator wakes it", async () => {
    await exampleAgent(example, { client: CLIENT });
    deps.clock.advance(days(30));
    assert.equal(await restAgents(deps), 1);
    assert.equal(await statusOf("reporter"), "dormant");
    const woken = await resumeAgent(deps, example.administrator, { name: "reporter" });
    assert.deepEqual(woken, await aliveAgent(deps, "reporter"));
    assert.equal(await restAgents(deps), 0);
  });

  it("an agent that speaks after it was found, and before it is made dormant, stays active", async () => {
    await exampleAgent(example);
    const { id } = await exampleInstance(example, "reporter");
    deps.clock.advance(days(30));
    const silent = await agentOrRefuse(deps, "reporter");
    const { database } = deps;
    let spoken = false;
    const interrupted: typeof database = {
      engine: database.engine,
      tables: () => database.tables(),
      read: (sql, parameters) => database.read(sql, parameters),
      listen: (channel, callback) => database.listen(channel, callback),
      lead: (job) => database.lead(job),
      close: () => database.close(),
      async commit(change) {
        if (!spoken) await touchAgent(deps, silent);
        spoken = true;
        return database.commit(change);
      },
    };
    await restAgents({ ...deps, database: interrupted });
    assert.ok(spoken);
    assert.equal(await statusOf("reporter"), "active");
    assert.equal((await findInstance(deps, id))?.status, "active");
    assert.deepEqual(await deadKeys(example), []);
  });

  it("two servers that look at once make each agent dormant once, and one that speaks meanwhile stays", async () => {
    for (const name of ["one", "two", "three"]) {
      await exampleAgent(example, { name });
      await exampleInstance(example, name);
    }
    deps.clock.advance(days(30));
    const migrations = [...auditMigrations, ...revocationMigrations, ...registryMigrations];
    // A file has one server.
    const several = engine.name === "postgres";
    const database = several ? await openDatabase(deps, example.location, migrations) : deps.database;
    const speaks = touchAgent(deps, await agentOrRefuse(deps, "two"));
    await Promise.all([restAgents(deps), restAgents({ ...deps, database }), speaks]);
    if (several) await database.close();
    const rested = (await eventsOf(example, "agent.rested")).map(({ about }) => about.agent).sort();
    assert.equal(new Set(rested).size, rested.length);
    assert.ok(rested.includes("one") && rested.includes("three"));
    assert.equal(await statusOf("two"), rested.includes("two") ? "dormant" : "active");
  });
});
