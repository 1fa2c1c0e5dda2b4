import assert from "node:assert/strict";
import { afterEach, beforeEach, it } from "node:test";
import { forEachEngine } from "../audit/test-databases.ts";
import { Fault } from "../lib/index.ts";
import { type AgentSaid, agentOrRefuse, listAgents, suspendAgent, updateAgent } from "./index.ts";
import { LISTED_BY } from "./tables-lifecycle.ts";
import { type ExampleRegistry, exampleAgent, exampleInstance, exampleRegistry } from "./test-registry.ts";

const WHOLE = {
  autonomy: "autonomous",
  sensitivity: "restricted",
  criticality: "critical",
  triggers: ["schedule", "person"],
} as const;

forEachEngine((engine) => {
  let example: ExampleRegistry;
  beforeEach(async () => {
    example = await exampleRegistry(engine);
  });
  afterEach(() => example.close());

  it("what an agent is like is kept as said, changed and taken away, and anything else is refused", async () => {
    const { deps, administrator } = example;
    await exampleAgent(example, { ...WHOLE, triggers: [...WHOLE.triggers, "person"] });
    const { autonomy, sensitivity, criticality, triggers } = await agentOrRefuse(deps, "reporter");
    assert.deepEqual(
      { autonomy, sensitivity, criticality, triggers },
      { ...WHOLE, triggers: ["person", "schedule"] },
    );
    const gone = { autonomy: null, sensitivity: null, criticality: null, triggers: null };
    const update = { autonomy: "assistive" } as const;
    await updateAgent(deps, administrator, { name: "reporter", update });
    assert.equal((await agentOrRefuse(deps, "reporter")).autonomy, "assistive");
    await updateAgent(deps, administrator, { name: "reporter", update: gone });
    assert.equal("triggers" in (await agentOrRefuse(deps, "reporter")), false);
    const wrong = [
      { autonomy: "godlike" },
      { sensitivity: "secret" },
      { criticality: "5" },
      { triggers: [] },
      { triggers: ["moon"] },
    ];
    for (const more of wrong) {
      const saying = exampleAgent(example, { name: "helper", ...(more as Partial<AgentSaid>) });
      await assert.rejects(saying, (error) => error instanceof Fault && error.code === "invalid");
    }
  });

  it("lists of agents are cut by everything by which policies and reviews speak of them", async () => {
    const { deps, administrator, owner } = example;
    await exampleAgent(example, { name: "aaa", ...WHOLE, triggers: ["event"] });
    await exampleAgent(example, { name: "bbb", class: "coding", environment: "staging" });
    await exampleAgent(example, { name: "ccc", ...WHOLE, triggers: ["event"], class: "coding" });
    await exampleInstance(example, "ccc");
    await suspendAgent(deps, administrator, { name: "ccc" });
    const names = async (wanted: object) =>
      (await listAgents(deps, { limit: 10, ...wanted })).items.map(({ name }) => name).join(" ");
    assert.equal(await names({}), "aaa bbb ccc");
    assert.equal(await names({ class: "coding" }), "bbb ccc");
    assert.equal(await names({ environment: "staging" }), "bbb");
    assert.equal(await names({ status: "suspended" }), "ccc");
    assert.equal(await names({ autonomy: "autonomous", status: "registered" }), "aaa");
    assert.equal(await names({ sensitivity: "restricted", class: "coding", owner }), "ccc");
    assert.equal(await names({ criticality: "critical" }), "aaa ccc");
    assert.equal(await names({ criticality: "low" }), "");
    assert.equal(await names({ team: "nobody" }), "");
    assert.equal(await names({ orphaned: false }), "aaa bbb ccc");
    assert.equal(await names({ orphaned: true }), "");
    const first = await listAgents(deps, { limit: 1, class: "coding" });
    assert.equal(first.next, "bbb");
    assert.equal(await names({ class: "coding", after: first.next }), "ccc");
  });

  it("whatever a list is cut by, and what the chores look for, is found by an index and never by walking", async () => {
    if (engine.name !== "sqlite") return; // which says how it would look; the indexes are the same
    const wheres = [
      ...[...LISTED_BY, "owner"].map((column) => [`${column} = 'x' and name > 'a' order by name`, column]),
      ["status = 'active' and dormant_at <= 1 order by dormant_at", "dormant"],
      ["status = 'active' and dormant_after is null and last_active <= 1 order by last_active", "silence"],
      ["status = 'active' and dormant_after is null and last_active is null and created <= 1", "silence"],
      ["status in ('active', 'registered') and grace_ends <= 1", "grace"],
    ];
    for (const [where, index] of wheres) {
      const sql = `explain query plan select name from agent where ${where} limit 100`;
      const plan = await example.database.read<{ detail: string }>(sql, []);
      const details = plan.map(({ detail }) => detail).join("; ");
      assert.match(details, new RegExp(`^SEARCH agent USING (COVERING )?INDEX agent_${index} `), where);
      assert.doesNotMatch(details, /TEMP B-TREE/, where);
    }
  });
});
