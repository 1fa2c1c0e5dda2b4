import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { Grant } from "@countersign/proof/grant";
import { publicJwkOf } from "@countersign/proof/jwk";
import { findEvents, perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { ALL, begunTask, call, codeOf, fault, passOn, quarters, run } from "../delegation/fixture.ts";
import { chainOf } from "../delegation/index.ts";
import { type Fault, hours, system } from "../lib/index.ts";
import { person } from "../login/fixture.ts";
import { addInstance, agentOrRefuse, registerAgent, updateAgent } from "../registry/index.ts";
import { feedHead } from "../revocation/index.ts";
import { type EndedKind, endAll, liftAll } from "./cascade.ts";
import { ask, claimsIn, exchange, openMarket, ownToken } from "./fixture.ts";
import { callTool } from "./use-token.ts";

const write = [call("reports/write", quarters("Q1"))];

forEachEngine((engine) => {
  let room: Awaited<ReturnType<typeof openMarket>>;
  before(async () => {
    room = await openMarket(engine);
  });
  after(() => room.close());

  /** Pat's task: planner gave to writer, writer to publisher, each with a token. */
  async function tree() {
    const { deps, planner, writer, publisher, reports } = room;
    const { task, edge } = await begunTask(deps, room, { grants: write });
    const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
    const third = await passOn(deps, writer, { edge: second.id, to: "publisher", grants: write });
    const tokens = [
      claimsIn(await exchange(deps, planner, edge.id, write)),
      claimsIn(await exchange(deps, writer, second.id, write)),
      claimsIn(await exchange(deps, publisher, third.id, write)),
    ];
    const use = (at: number) =>
      callTool(deps, reports.caller, {
        jti: tokens[at]?.jti ?? "",
        tool: "reports/write",
        args: { quarter: "Q1" },
      });
    /** Which of the three may still act. */
    const alive = async () => {
      const tried = await Promise.allSettled([use(0), use(1), use(2)]);
      return tried.map(({ status }) => status === "fulfilled");
    };
    return { task, edges: [edge.id, second.id, third.id] as const, tokens, alive };
  }

  /** Of these delegations, which may still be used. */
  const states = (edges: readonly string[]) =>
    Promise.all(
      edges.map((edge) =>
        chainOf(room.deps, edge).then(
          () => "alive",
          ({ code }: Fault) => code,
        ),
      ),
    );

  const end = (kind: EndedKind, attackerId: string, more: object = {}, by = room.ada.caller) =>
    endAll(room.deps, by, { kind, attackerId, ...more });

  describe("ending something", () => {
    test("an edge ends all below it and nothing above it, by one key", async () => {
      const { alive, edges } = await tree();
      const before = await feedHead(room.deps);
      const { hit } = await end("edge", edges[1]);
      assert.equal(await feedHead(room.deps), before + 1);
      assert.deepEqual(await alive(), [true, false, false]);
      assert.match(hit, /from planner to writer/);
      assert.equal(await codeOf(chainOf(room.deps, edges[2])), "gone");
    });

    test("an edge and what is above it, up to another edge or the root", async () => {
      const first = await tree();
      await end("edge", first.edges[2], { attackerUpTo: first.edges[1] });
      assert.deepEqual(await first.alive(), [true, false, false]);
      const second = await tree();
      const { id } = await end("edge", second.edges[2], { attackerUpTo: "root" });
      assert.equal(id, second.edges[0]);
      assert.deepEqual(await second.alive(), [false, false, false]);
    });

    test("an edge up to what is not above it is refused and ends nothing", async () => {
      const { alive, edges } = await tree();
      const other = await tree();
      assert.equal(await codeOf(end("edge", edges[1], { attackerUpTo: edges[2] })), "invalid");
      assert.equal(await codeOf(end("edge", edges[1], { attackerUpTo: other.edges[0] })), "invalid");
      assert.equal(await codeOf(end("task", edges[1], { attackerUpTo: "root" })), "invalid");
      assert.deepEqual(await alive(), [true, true, true]);
      assert.deepEqual(await other.alive(), [true, true, true]);
    });

    test("a task, by its person, ends all of it; another person has no part in it", async () => {
      const { alive, task, edges } = await tree();
      const { deps, ada, pat, mia } = room;
      assert.equal(await codeOf(end("task", task.id, {}, mia.caller)), "not-found");
      assert.equal(await codeOf(end("edge", edges[0], {}, mia.caller)), "not-found");
      assert.deepEqual(await alive(), [true, true, true]);
      await end("edge", edges[2], { reason: "done for today" }, pat.caller);
      assert.deepEqual(await alive(), [true, true, false]);
      await end("task", task.id, {}, pat.caller);
      assert.deepEqual(await alive(), [false, false, false]);
      const [told] = await findEvents(deps.database, { type: "revocation.ordered", task: task.id, limit: 5 });
      assert.ok(told && !told.body.includes("done for today"));
      assert.notEqual(ada.id, pat.id);
    });

    test("an agent in the middle ends all through it until it is lifted, and then only what is given anew", async () => {
      const { alive, edges } = await tree();
      const { deps, writer } = room;
      await end("agent", "writer");
      assert.deepEqual(await alive(), [true, false, false]);
      assert.notEqual(await codeOf(exchange(deps, writer, edges[1], write)), "");
      await liftAll(deps, room.ada.caller, { kind: "agent", attackerId: "writer" });
      assert.deepEqual(await alive(), [true, false, false]);
      assert.deepEqual(await states(edges), ["alive", "gone", "gone"]);
      assert.equal(await codeOf(exchange(deps, writer, edges[1], write)), "gone");
      const anew = await passOn(deps, room.planner, { edge: edges[0], to: "writer", grants: write });
      await exchange(deps, writer, anew.id, write);
    });

    test("what an agent passed on before it was suspended does not come back with it, also one that is narrowed meanwhile", async () => {
      const { edges } = await tree();
      const { deps, ada } = room;
      const say = (grants: readonly Grant[]) => {
        const delegation = { delegate_to: ["publisher"], max_depth: 4, needs_person: [], shared: true };
        return updateAgent(deps, ada.caller, { name: "writer", update: { grants, delegation } as never });
      };
      await say(write);
      await say(ALL);
      assert.deepEqual(await states(edges), ["alive", "alive", "alive"], "less for a while is no end");
      await end("agent", "planner");
      await liftAll(deps, ada.caller, { kind: "agent", attackerId: "planner" });
      assert.deepEqual(await states(edges), ["gone", "gone", "gone"]);
    });

    test("a running copy ends what it delegated, and not what it was given", async () => {
      const { deps, planner } = room;
      const copy = await run(deps, { agent: "writer" });
      const { edge } = await begunTask(deps, room, { grants: write });
      const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      const third = await passOn(deps, copy, { edge: second.id, to: "publisher", grants: write });
      await end("instance", copy.instance.id);
      assert.equal(await codeOf(chainOf(deps, third.id)), "gone");
      await chainOf(deps, second.id);
    });

    test("a person ends all that is done for her until she is lifted", async () => {
      const { alive, edges } = await tree();
      const { deps, ada, pat } = room;
      await end("person", pat.id);
      assert.deepEqual(await alive(), [false, false, false]);
      await liftAll(deps, ada.caller, { kind: "person", attackerId: pat.id });
      assert.deepEqual(await alive(), [false, false, false]);
      assert.deepEqual(await states(edges), ["gone", "gone", "gone"]);
      assert.equal(await codeOf(end("person", "person_nobody")), "not-found");
    });

    test("a class of agents blocks what they hold, what they ask for and those who would start", async () => {
      const { alive, edges } = await tree();
      const { deps, ada, planner } = room;
      const token = await ownToken(deps, planner);
      await end("class", "reporting");
      assert.deepEqual(await alive(), [false, false, false]);
      assert.ok(token.length > 0);
      const refused = await fault(ask(deps, planner, { grant_type: "client_credentials" }));
      assert.deepEqual([refused.code, refused.message], ["forbidden", "The class reporting is blocked."]);
      assert.equal(await codeOf(run(deps, { agent: "planner" })), "forbidden");
      assert.equal(await codeOf(begunTask(deps, room, { grants: write })), "forbidden");
      assert.equal(await codeOf(end("class", "reporting")), "conflict");
      await liftAll(deps, ada.caller, { kind: "class", attackerId: "reporting" });
      assert.deepEqual(await alive(), [false, false, false]);
      assert.deepEqual(await states(edges), ["gone", "gone", "gone"]);
      await begunTask(deps, room, { grants: write });
      assert.equal(
        await codeOf(liftAll(deps, ada.caller, { kind: "class", attackerId: "reporting" })),
        "conflict",
      );
    });

    for (const kind of ["image", "model"] as const) {
      test(`the digest of an ${kind} ends the copies made of it, what they delegated, and starts none`, async () => {
        const { deps, ada, planner } = room;
        const digest = `sha256:${kind}`;
        const start = async () => {
          const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
          const instance = await perform(deps, system, "instance.enrol", async (change) =>
            addInstance(deps, change, system, {
              of: { agent: await agentOrRefuse(deps, "writer") },
              jwk: publicJwkOf(privateKey),
              strength: "enrolled-key",
              expires: deps.clock.now() + hours(1),
              evidence: "a test",
              [kind]: digest,
            }),
          );
          const { id, principal, thumbprint } = instance;
          const who = { kind: "agent", principal, instance: id, keyThumbprint: thumbprint } as const;
          const caller = { ...who, strength: "enrolled-key", via: "access-token", roles: [] } as const;
          return { instance, key: privateKey, caller };
        };
        const copy = await start();
        assert.ok(
          claimsIn(await ask(deps, copy, { grant_type: "client_credentials" })).rev.includes(
            `${kind}:${digest}#0`,
          ),
        );
        const { edge } = await begunTask(deps, room, { grants: write });
        const second = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
        const third = await passOn(deps, copy, { edge: second.id, to: "publisher", grants: write });
        await end(kind, digest);
        assert.equal(await codeOf(ask(deps, copy, { grant_type: "client_credentials" })), "forbidden");
        assert.equal(await codeOf(start()), "forbidden");
        assert.equal(await codeOf(chainOf(deps, third.id)), "gone");
        await chainOf(deps, second.id);
        await liftAll(deps, ada.caller, { kind, attackerId: digest });
        const rev = claimsIn(await ask(deps, copy, { grant_type: "client_credentials" })).rev;
        assert.ok(rev.includes(`${kind}:${digest}#1`));
        assert.equal(await codeOf(chainOf(deps, third.id)), "gone");
      });
    }

    test("a class that is blocked twice is blocked by another key each time", async () => {
      const { deps, ada } = room;
      for (let times = 0; times < 2; times += 1) {
        const before = await feedHead(deps);
        await end("class", "security");
        assert.equal(await feedHead(deps), before + 1);
        await liftAll(deps, ada.caller, { kind: "class", attackerId: "security" });
      }
    });

    test("what names nothing is refused, and by nobody but administrators and owners", async () => {
      const { deps, pat, mia } = room;
      const owner = await person(deps, room.ada.caller, "Olga");
      await registerAgent(deps, room.ada.caller, {
        name: "helper",
        class: "support",
        purpose: "helps",
        environment: "production",
        owner: owner.id,
        grants: [],
      });
      const helper = await run(deps, { agent: "helper" });
      const tries: [EndedKind, string, typeof pat, string][] = [
        ["class", "no-such-class", room.ada, "invalid"],
        ["image", "with space", room.ada, "invalid"],
        ["image", "epoch#1", room.ada, "invalid"],
        ["edge", "edge_unheard", room.ada, "not-found"],
        ["agent", "unheard", room.ada, "not-found"],
        ["policy", "999", room.ada, "not-found"],
        ["policy", "pv_unheard", room.ada, "not-found"],
        ["class", "support", pat, "forbidden"],
        ["image", "sha256:x", pat, "forbidden"],
        ["person", mia.id, pat, "forbidden"],
        ["agent", "helper", pat, "forbidden"],
        ["instance", helper.instance.id, pat, "forbidden"],
        ["policy", "1", pat, "forbidden"],
      ];
      const before = await feedHead(deps);
      for (const [kind, id, who, code] of tries)
        assert.equal(await codeOf(end(kind, id, {}, who.caller)), code, `${kind} ${id}`);
      assert.equal(await feedHead(deps), before);
      assert.equal(
        await codeOf(liftAll(deps, owner.caller, { kind: "agent", attackerId: "helper" })),
        "forbidden",
      );
      await end("instance", helper.instance.id, {}, owner.caller);
      await end("agent", "helper", {}, owner.caller);
      assert.equal(
        await codeOf(liftAll(deps, owner.caller, { kind: "agent", attackerId: "helper" })),
        "forbidden",
      );
    });

    test("policies end what they decided, tokens and delegations, and what decides now gives nothing any more", async () => {
      const { alive, edges, tokens } = await tree();
      const { deps, planner } = room;
      const number = tokens[0]?.rev.find((key) => key.startsWith("policy:"))?.slice(7) ?? "";
      const { hit } = await end("policy", number);
      assert.match(hit, /nothing can be given until another set is activated/);
      assert.deepEqual(await alive(), [false, false, false]);
      assert.notEqual(await codeOf(exchange(deps, planner, edges[0], write)), "");
    });
  });
});
