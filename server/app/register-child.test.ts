import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { Grant } from "@countersign/proof/grant";
import { publicJwkOf } from "@countersign/proof/jwk";
import { attestationMigrations } from "../attestation/index.ts";
import { findEvents, perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { Change } from "../database/index.ts";
import {
  begunTask,
  call,
  codeOf,
  fault,
  passOn,
  quarters,
  REPORTS,
  type Running,
  run,
} from "../delegation/fixture.ts";
import { closeTask, endDelegation } from "../delegation/index.ts";
import { hours, seconds, system } from "../lib/index.ts";
import { issuer } from "../login/fixture.ts";
import { ask, claimsIn, exchange, migrations, openMarket, ownToken } from "../oauth/fixture.ts";
import { callTool, endAll, liftAll } from "../oauth/index.ts";
import {
  addInstance,
  agentOrRefuse,
  aliveAgent,
  decommissionAgent,
  defineGroup,
  livingChildren,
  registerAgent,
  updateAgent,
} from "../registry/index.ts";
import { agentsChild } from "./register-child.ts";
import type { ServerDeps } from "./server-deps.ts";

const read = call("reports/read", { open_args: true });
const write = call("reports/write", quarters("Q1"));
/** The right to register agents that report, in production, which may read and write reports. */
const register = (more: Partial<Grant> = {}): Grant => ({
  type: "register",
  locations: [issuer],
  actions: ["register"],
  identifier: "agents",
  args: {
    class: { op: "in", values: ["reporting", "analysis"] },
    environment: { op: "eq", value: "production" },
    grants: { op: "subset", values: ["reports/read", "reports/write"] },
  },
  ...more,
});
const ALL = [register(), read, write];

forEachEngine((engine) => {
  let room: Awaited<ReturnType<typeof openMarket>>;
  let chief: Running;
  before(async () => {
    room = await openMarket(engine, [...migrations, ...attestationMigrations]);
    const { deps, ada } = room;
    await defineGroup(deps, ada.caller, {
      name: "reporting",
      grants: [
        ...ALL,
        call("reports/write", quarters("Q1", "Q2", "Q3")),
        call("ledger/read", { open_args: true }),
      ],
    });
    for (const [name, more] of [
      ["chief", { max_children: 2, max_instances: 3 }],
      ["scout", { max_children: 50 }],
    ] as const) {
      await registerAgent(deps, ada.caller, {
        name,
        class: "planning",
        purpose: "plans",
        environment: "production",
        owner: ada.id,
        grants: ALL,
        delegation: { delegate_to: ["scout"], needs_person: ["reports/publish"], shared: true, ...more },
      });
    }
    chief = await run(deps, { agent: "chief" });
  });
  after(() => room.close());

  const begun = (more: object = {}) => begunTask(room.deps, room, { agent: "chief", grants: ALL, ...more });
  let names = 0;
  const said = (edge: string, more: object = {}) => ({
    edge,
    name: `chief-child-${names++}`,
    class: "reporting",
    environment: "production",
    purpose: "writes a part",
    grants: [write],
    ...more,
  });
  const ordered = (body: object, by = chief) =>
    agentsChild.handle(room.deps as unknown as ServerDeps, by.caller, { body } as never) as Promise<{
      body: { name: string; owner: string; parent: string; expires: number; join_token: string };
    }>;
  const child = async (edge: string, more: object = {}) => (await ordered(said(edge, more))).body;
  const spare = async (task: string) => {
    await closeTask(room.deps, room.desk.caller, { task });
  };

  describe("an agent registers an agent", () => {
    test("owned by the person at the root, with less, for no longer, and the log says under what", async () => {
      const { deps, pat } = room;
      const { task, edge } = await begun({ expiresIn: seconds(600) });
      const { name, owner, parent, expires } = await child(edge.id);
      assert.deepEqual([owner, parent, expires], [pat.id, "chief", edge.expires]);
      const record = await agentOrRefuse(deps, name);
      assert.deepEqual(record.delegation.delegate_to, []);
      assert.deepEqual(record.delegation.needs_person, ["reports/publish"]);
      assert.deepEqual([record.delegation.max_children, record.delegation.max_instances], [undefined, 1]);
      const [told] = await findEvents(deps.database, {
        type: "agent.registered-by-agent",
        task: task.id,
        limit: 5,
      });
      assert.ok(told?.body.includes(`"agent":"${name}"`));
      await spare(task.id);
    });

    test("whose join token enrols its first process, which works within the chain", async () => {
      const { deps, reports } = room;
      const { task, edge } = await begun();
      const { name } = await child(edge.id);
      const copy = await run(deps, { agent: name });
      const passed = await passOn(deps, chief, { edge: edge.id, to: name, grants: [write] });
      const { jti } = claimsIn(await exchange(deps, copy, passed.id, [write]));
      await callTool(deps, reports.caller, { jti, tool: "reports/write", args: { quarter: "Q1" } });
      assert.equal(await codeOf(run(deps, { agent: name })), "forbidden");
      await spare(task.id);
    });

    for (const [what, more, code] of [
      ["of a class that the grant does not name", { class: "security" }, "denied"],
      ["elsewhere than the grant says", { environment: "staging" }, "denied"],
      [
        "with a tool that the grant does not name",
        { grants: [call("ledger/read", { open_args: true })] },
        "denied",
      ],
      ["with more than the chain has", { grants: [call("reports/write", quarters("Q1", "Q2"))] }, "denied"],
      ["under a name that is not its own", { name: "planner-child" }, "invalid"],
      ["under its own name", { name: "chief" }, "invalid"],
      ["that outlasts the chain", { expires_in: 604_800 }, "denied"],
      ["with more copies than it may have itself", { max_instances: 4 }, "denied"],
      ["under an edge of another", { edge: "edge_00000000000000000000000000" }, "not-found"],
    ] as const) {
      test(`but none ${what}, and nothing is left of the attempt`, async () => {
        const { deps } = room;
        const { task, edge } = await begun();
        const attempt = said(edge.id, more);
        assert.equal(await codeOf(ordered(attempt)), code);
        if (attempt.name !== "chief")
          assert.equal(await codeOf(agentOrRefuse(deps, attempt.name)), "not-found");
        await spare(task.id);
      });
    }

    test("but not without the right to register at every link, and not by an agent that does not hold the edge", async () => {
      const { deps, planner } = room;
      const bare = await begun({ grants: [read, write] });
      assert.equal(await codeOf(ordered(said(bare.edge.id))), "denied");
      assert.equal(await codeOf(ordered(said(bare.edge.id), planner)), "forbidden");
      await spare(bare.task.id);
      const { task, edge } = await begun();
      const scout = await run(deps, { agent: "scout" });
      const passed = await passOn(deps, chief, { edge: edge.id, to: "scout", grants: [write] });
      assert.equal(await codeOf(ordered({ ...said(passed.id), name: "scout-child" }, scout)), "denied");
      await spare(task.id);
    });

    test("as often as the grant counts, and never two of one name", async () => {
      const { task, edge } = await begun({ grants: [register({ max_uses: 1 }), read, write] });
      const first = said(edge.id);
      await ordered(first);
      assert.equal(await codeOf(ordered(said(edge.id))), "gone");
      await spare(task.id);
      const again = await begun();
      assert.equal(await codeOf(ordered({ ...first, edge: again.edge.id })), "exists");
      await spare(again.task.id);
    });

    test("at most so many at a time, however many ask at once; those that ended count no more", async () => {
      const { task, edge } = await begun();
      const settled = await Promise.allSettled(Array.from({ length: 5 }, () => child(edge.id)));
      assert.equal(settled.filter(({ status }) => status === "fulfilled").length, 2);
      const refusal = await fault(child(edge.id));
      assert.match(refusal.message, /may have 2 registered agents/);
      await spare(task.id);
      const next = await begun();
      await child(next.edge.id);
      await spare(next.task.id);
    });

    test("and those that are over are looked at once more, then never again, however many there have been", async () => {
      const { deps, pat } = room;
      /** How many are looked at, and how many of them are over: those leave with the change. */
      const lookedAt = async () => {
        const change = new Change(deps.database);
        const living = await livingChildren(deps, change, "chief");
        return { living: living.length, over: !change.isEmpty };
      };
      for (let round = 0; round < 2; round++) {
        const { task, edge } = await begun();
        const { name } = await child(edge.id);
        assert.deepEqual(await lookedAt(), { living: 1, over: false });
        await decommissionAgent(deps, pat.caller, { name });
        assert.deepEqual(await lookedAt(), { living: 0, over: true });
        await child(edge.id);
        await child(edge.id);
        assert.deepEqual(await lookedAt(), { living: 2, over: false });
        assert.equal(await codeOf(child(edge.id)), "denied");
        await spare(task.id);
        assert.deepEqual(await lookedAt(), { living: 0, over: true });
      }
    });

    test("and where a person must say yes to each, none without her", async () => {
      const { task, edge } = await begun({ grants: [register({ approval: "required" }), read, write] });
      assert.equal(await codeOf(child(edge.id)), "denied");
      await spare(task.id);
    });
  });

  describe("an agent that an agent registered", () => {
    const enrolled = async (more: object = {}) => {
      const { task, edge } = await begun(more);
      const { name } = await child(edge.id);
      const copy = await run(room.deps, { agent: name });
      await ownToken(room.deps, copy);
      return { task, edge, name, copy };
    };
    const over = async ({ name, copy }: { name: string; copy: Running }) => {
      const { deps } = room;
      assert.equal(await codeOf(aliveAgent(deps, name)), "forbidden");
      assert.equal(await codeOf(ask(deps, copy, { grant_type: "client_credentials" })), "forbidden");
    };

    test("ends with the task, with the edge, and with the copy under which it was registered", async () => {
      const { deps, pat, ada } = room;
      const byTask = await enrolled();
      await spare(byTask.task.id);
      await over(byTask);
      const byEdge = await enrolled();
      await endDelegation(deps, pat.caller, { edge: byEdge.edge.id });
      await over(byEdge);
      await spare(byEdge.task.id);
      const kept = chief;
      chief = await run(deps, { agent: "chief" });
      const byCopy = await enrolled();
      await endAll(deps, ada.caller, { kind: "instance", attackerId: chief.instance.id });
      chief = kept;
      await over(byCopy);
      await spare(byCopy.task.id);
    });

    test("has no authority of its own: it would be outside its parent's task, plan and history", async () => {
      const { deps } = room;
      const { task, copy } = await enrolled();
      const own = { grant_type: "client_credentials", resource: REPORTS };
      const asked = ask(deps, copy, { ...own, authorization_details: JSON.stringify([write]) });
      assert.equal(await codeOf(asked), "unauthorized-client");
      await spare(task.id);
    });

    test("ends with the class of its parent, whatever class it has itself, and does not come back with it", async () => {
      const { deps, ada } = room;
      const { task, copy, name } = await enrolled({});
      await endAll(deps, ada.caller, { kind: "class", attackerId: "planning" });
      await liftAll(deps, ada.caller, { kind: "class", attackerId: "planning" });
      await over({ name, copy });
      await spare(task.id);
    });

    test("dies by its tokens' own keys, without a walk: one entry of the feed ends parent and child", async () => {
      const { deps, ada } = room;
      const { copy, edge, task } = await enrolled();
      const { rev } = claimsIn(await ask(deps, copy, { grant_type: "client_credentials" }));
      for (const key of [`task:${task.id}`, `edge:${edge.id}`, "agent:chief#0"])
        assert.ok(rev.includes(key), key);
      await endAll(deps, ada.caller, { kind: "agent", attackerId: "chief" });
      assert.equal(await codeOf(ask(deps, copy, { grant_type: "client_credentials" })), "forbidden");
      await liftAll(deps, ada.caller, { kind: "agent", attackerId: "chief" });
      assert.equal(await codeOf(ask(deps, copy, { grant_type: "client_credentials" })), "forbidden");
      await spare(task.id);
    });

    test("neither starts nor is delegated to once its parent's ceiling has become narrower", async () => {
      const { deps, ada } = room;
      const { task, edge } = await begun();
      const { name } = await child(edge.id);
      await updateAgent(deps, ada.caller, { name: "chief", update: { grants: [register(), read] } });
      assert.equal(await codeOf(run(deps, { agent: name })), "forbidden");
      assert.equal(
        await codeOf(passOn(deps, chief, { edge: edge.id, to: name, grants: [read] })),
        "forbidden",
      );
      await updateAgent(deps, ada.caller, { name: "chief", update: { grants: ALL } });
      await spare(task.id);
    });

    test("passes nothing on and registers nobody, unless an administrator says so", async () => {
      const { deps } = room;
      const { task, edge } = await begun();
      const { name } = await child(edge.id, {
        grants: [
          register({ args: { ...register().args, grants: { op: "subset", values: ["reports/read"] } } }),
          read,
        ],
      }).catch(() => child(edge.id, { grants: [read] }));
      const copy = await run(deps, { agent: name });
      const passed = await passOn(deps, chief, { edge: edge.id, to: name, grants: [read] });
      assert.equal(
        await codeOf(passOn(deps, copy, { edge: passed.id, to: "scout", grants: [read] })),
        "denied",
      );
      const grandchild = { ...said(passed.id, { grants: [read] }), name: `${name}-child` };
      assert.equal(await codeOf(ordered(grandchild, copy)), "denied");
      await spare(task.id);
    });

    test("is decommissioned by its owner, and its name is never another's", async () => {
      const { deps, pat } = room;
      const { name, copy, task, edge } = await enrolled();
      await decommissionAgent(deps, pat.caller, { name });
      assert.notEqual(await codeOf(ask(deps, copy, { grant_type: "client_credentials" })), "");
      assert.equal(await codeOf(ordered({ ...said(edge.id), name })), "exists");
      await spare(task.id);
    });
  });

  test("an agent has no more running copies than its record says, however many enrol at once", async () => {
    const { deps, ada } = room;
    await registerAgent(deps, ada.caller, {
      name: "single",
      class: "support",
      purpose: "helps",
      environment: "production",
      owner: ada.id,
      grants: [],
      delegation: { max_instances: 2 },
    });
    const enrol = () =>
      perform(deps, system, "instance.enrol", async (change) =>
        addInstance(deps, change, system, {
          of: { agent: await agentOrRefuse(deps, "single") },
          jwk: publicJwkOf(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey),
          strength: "enrolled-key",
          expires: deps.clock.now() + hours(1),
          evidence: "a test",
        }),
      );
    const settled = await Promise.allSettled(Array.from({ length: 5 }, enrol));
    assert.equal(settled.filter(({ status }) => status === "fulfilled").length, 2);
    deps.clock.advance(hours(1));
    await enrol();
  });
});
