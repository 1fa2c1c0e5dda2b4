import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { createDpopProof } from "@countersign/proof/dpop";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import type { Change } from "../database/index.ts";
import {
  begunTask,
  call,
  codeOf,
  fault,
  LEDGER,
  passOn,
  quarter,
  quarters,
  REPORTS,
  type Running,
  request,
  run,
  sign,
} from "../delegation/fixture.ts";
import { closeTask, endDelegation, heldAtResource, openTask } from "../delegation/index.ts";
import { seconds } from "../lib/index.ts";
import { issuer } from "../login/fixture.ts";
import {
  decommissionAgent,
  registerAgent,
  resumeAgent,
  resumePerson,
  suspendAgent,
  suspendPerson,
} from "../registry/index.ts";
import { feedHead } from "../revocation/index.ts";
import { authenticateToken } from "./authenticate-token.ts";
import { ask, claimsIn, exchange, openMarket, ownToken, proofsOf, requestTo } from "./fixture.ts";
import { revokeToken } from "./revoke-token.ts";
import { callTool } from "./use-token.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const own = { grant_type: "client_credentials" };
const write = [call("reports/write", quarters("Q1", "Q2"))];

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
  });
  after(() => room.close());

  describe("an agent's own authority", () => {
    const standing = (grants: object[]) => ({
      ...own,
      resource: REPORTS,
      authorization_details: JSON.stringify(grants),
    });

    test("is its ceiling and no more", async () => {
      const { deps, ada } = room;
      await registerAgent(deps, ada.caller, {
        name: "inventory",
        class: "inventory",
        purpose: "looks at reports",
        environment: "production",
        owner: ada.id,
        grants: [call("reports/read", quarters("Q1"))],
      });
      const inventory = await run(deps, { agent: "inventory" });
      const claims = claimsIn(await ask(deps, inventory, standing([call("reports/read", quarter("Q1"))])));
      assert.deepEqual([claims.sub, claims.act, claims.chain], [inventory.instance.id, undefined, undefined]);
      assert.equal(await codeOf(ask(deps, inventory, standing(write))), "access-denied");
      assert.equal(
        await codeOf(ask(deps, inventory, { ...own, resource: REPORTS })),
        "invalid-authorization-details",
      );
      await decommissionAgent(deps, ada.caller, { name: "inventory" });
      assert.notEqual(await codeOf(ask(deps, inventory, own)), "");
    });

    test("is out of reach at a resource where it works on a task, until the task has ended", async () => {
      const { deps, desk } = room;
      const copy = await run(deps, { agent: "planner" });
      await ask(deps, copy, standing(write));
      const { task } = await begunTask(deps, room, { grants: write });
      for (const each of [copy, room.planner, await run(deps, { agent: "planner" })]) {
        assert.equal(await codeOf(ask(deps, each, standing(write))), "unauthorized-client");
      }
      const ledger = {
        ...own,
        resource: LEDGER,
        authorization_details: JSON.stringify([call("ledger/read", { open_args: true })]),
      };
      await ask(deps, copy, ledger);
      await ask(deps, room.writer, standing(write));
      await closeTask(deps, desk.caller, { task: task.id });
      await ask(deps, copy, standing(write));
    });

    test("is back when the delegation has been ended, has expired, or is dead for good with somebody above", async () => {
      const { deps, ada, pat, planner } = room;
      const refused = async () => codeOf(ask(deps, planner, standing(write)));
      const ended = await begunTask(deps, room, { grants: write });
      assert.equal(await refused(), "unauthorized-client");
      await endDelegation(deps, pat.caller, { edge: ended.edge.id });
      await ask(deps, planner, standing(write));
      await begunTask(deps, room, { grants: write, expiresIn: seconds(60) });
      assert.equal(await refused(), "unauthorized-client");
      deps.clock.advance(seconds(60));
      await ask(deps, planner, standing(write));
      const { task, edge } = await begunTask(deps, room, { grants: write });
      await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      const byWriter = async () => codeOf(ask(deps, room.writer, standing(write)));
      assert.equal(await byWriter(), "unauthorized-client");
      await suspendPerson(deps, ada.caller, { id: pat.id });
      await resumePerson(deps, ada.caller, { id: pat.id });
      await ask(deps, planner, standing(write));
      await ask(deps, room.writer, standing(write));
      await closeTask(deps, pat.caller, { task: task.id });
    });

    test("that it was given before ends with the first token of a task, for each of its copies", async () => {
      const { deps, desk, planner, reports } = room;
      const copy = await run(deps, { agent: "planner" });
      const before = claimsIn(await ask(deps, copy, standing(write)));
      const elsewhere = claimsIn(await ask(deps, room.writer, standing(write)));
      const { task, edge } = await begunTask(deps, room, { grants: write });
      const use = ({ jti }: { jti: string }) =>
        callTool(deps, reports.caller, { jti, tool: "reports/write", args: { quarter: "Q1" } });
      await use(before);
      const delegated = claimsIn(await exchange(deps, planner, edge.id, write));
      assert.equal(await codeOf(use(before)), "gone");
      await use(elsewhere);
      await exchange(deps, planner, edge.id, write);
      await use(delegated);
      const ends = await findEvents(deps.database, { type: "revocation.recorded", limit: 200 });
      const [key = ""] = before.rev.filter((each) => each.startsWith("standing:planner/"));
      assert.equal(ends.filter(({ body }) => body.includes(key)).length, 1);
      await closeTask(deps, desk.caller, { task: task.id });
      const again = claimsIn(await ask(deps, copy, standing(write)));
      assert.ok(!again.rev.includes(key));
      await use(again);
    });

    test("ends by one key and one entry of the feed, however many tokens it was given", async () => {
      const { deps, desk, planner, reports } = room;
      const given = await Promise.all(
        Array.from({ length: 30 }, async () => claimsIn(await ask(deps, planner, standing(write)))),
      );
      const { task, edge } = await begunTask(deps, room, { grants: write });
      const before = await feedHead(deps);
      await exchange(deps, planner, edge.id, write);
      assert.equal(await feedHead(deps), before + 1);
      for (const { jti } of [given[0], given[29]] as { jti: string }[]) {
        const used = callTool(deps, reports.caller, { jti, tool: "reports/write", args: { quarter: "Q1" } });
        assert.equal(await codeOf(used), "gone");
      }
      await closeTask(deps, desk.caller, { task: task.id });
    });

    test("is not given where a task begins and takes its token between the look and the commit", async () => {
      const { deps, desk, planner, pat } = room;
      const { id } = await openTask(deps, desk.caller, request(room, { grants: write }));
      let delegated: ReturnType<typeof claimsIn> | undefined;
      const meanwhile = async () => {
        const { edge } = await sign(deps, pat, id);
        delegated = claimsIn(await exchange(deps, planner, edge.id, write));
      };
      const database = new Proxy(deps.database, {
        get(of, name) {
          const value = Reflect.get(of, name);
          if (name !== "commit") return typeof value === "function" ? value.bind(of) : value;
          return async (change: Change) => {
            const mints = change.steps.some(({ sql }) => sql.startsWith('insert into "token" '));
            if (mints && delegated === undefined) await meanwhile();
            return of.commit(change);
          };
        },
      });
      assert.equal(await codeOf(ask({ ...deps, database }, planner, standing(write))), "unauthorized-client");
      assert.ok(delegated);
      await closeTask(deps, desk.caller, { task: id });
    });

    test("does not wait for what has been delegated long ago", async () => {
      const { deps, desk, writer, planner } = room;
      for (let each = 0; each < 40; each += 1) {
        const { task, edge } = await begunTask(deps, room, { grants: write });
        await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
        await closeTask(deps, desk.caller, { task: task.id });
      }
      let reads = 0;
      const counting = {
        ...deps,
        database: new Proxy(deps.database, {
          get: (of, name) => {
            if (name === "tables") reads += 1;
            const value = Reflect.get(of, name);
            return typeof value === "function" ? value.bind(of) : value;
          },
        }),
      };
      assert.equal((await heldAtResource(counting, "writer", REPORTS)).holds, false);
      assert.equal(reads, 3);
      await ask(deps, writer, standing(write));
    });

    test("holds no right for a limited number of uses: each token would count anew", async () => {
      const { deps, ada } = room;
      const counted = { ...call("reports/write", quarters("Q1")), max_uses: 1 };
      await registerAgent(deps, ada.caller, {
        name: "once",
        class: "reporting",
        purpose: "writes one report",
        environment: "production",
        owner: ada.id,
        grants: [counted, call("reports/read", quarters("Q1"))],
      });
      const once = await run(deps, { agent: "once" });
      const refusal = await fault(ask(deps, once, standing([counted])));
      assert.equal(refusal.code, "invalid-authorization-details");
      assert.match(refusal.message, /limited number of uses/);
      const some = { ...call("reports/read", quarters("Q1")), max_uses: 2 };
      await ask(deps, once, standing([some]));
      assert.equal(await codeOf(ask(deps, once, standing([some, counted]))), "invalid-authorization-details");
    });

    test("a service has none", async () => {
      const { deps, reports } = room;
      assert.equal(await codeOf(ask(deps, reports, standing(write))), "unauthorized-client");
    });
  });

  describe("Countersign's own API", () => {
    const sent = (client: Running, token: string, more: object = {}) => {
      const proof = createDpopProof({
        key: client.key,
        method: "GET",
        url: `${issuer}/delegations`,
        accessToken: token,
        now: room.deps.clock.now(),
        jti: randomUUID(),
        ...more,
      });
      return requestTo("/delegations", { authorization: `DPoP ${token}`, dpop: proof }, "GET");
    };

    test("knows agents and services by their own tokens", async () => {
      const { deps, planner, reports } = room;
      const agent = await authenticateToken(deps, sent(planner, await ownToken(deps, planner)));
      assert.deepEqual([agent.kind, agent.principal, agent.via], ["agent", "planner", "access-token"]);
      const service = await authenticateToken(deps, sent(reports, await ownToken(deps, reports)));
      assert.deepEqual([service.kind, service.principal], ["service", reports.service.id]);
    });

    test("takes each proof once, also when it comes many times at once", async () => {
      const { deps, planner } = room;
      const request = sent(planner, await ownToken(deps, planner));
      const settled = await Promise.allSettled(
        Array.from({ length: 6 }, () => authenticateToken(deps, request)),
      );
      assert.equal(settled.filter(({ status }) => status === "fulfilled").length, 1);
      assert.equal(await codeOf(authenticateToken(deps, request)), "invalid-dpop-proof");
    });

    test("refuses a stolen token, a proof for something else, and a token as bearer", async () => {
      const { deps, planner, writer } = room;
      const token = await ownToken(deps, planner);
      const tries: [object, string][] = [
        [sent(writer, token), "invalid-dpop-proof"],
        [sent(planner, token, { url: `${issuer}/tasks` }), "invalid-dpop-proof"],
        [sent(planner, token, { accessToken: "another" }), "invalid-dpop-proof"],
        [sent(planner, token, { now: deps.clock.now() - 60_000 }), "invalid-dpop-proof"],
        [requestTo("/delegations", { authorization: `DPoP ${token}` }, "GET"), "invalid-dpop-proof"],
        [requestTo("/delegations", { authorization: `Bearer ${token}` }, "GET"), "unauthenticated"],
      ];
      for (const [request, code] of tries) {
        assert.equal(await codeOf(authenticateToken(deps, request as never)), code);
      }
    });

    test("is closed to tokens for a resource, though they are ours", async () => {
      const { deps, planner } = room;
      const { edge } = await begunTask(deps, room);
      const { access_token } = await exchange(deps, planner, edge.id, write);
      assert.equal(await codeOf(authenticateToken(deps, sent(planner, access_token))), "unauthenticated");
    });

    test("refuses a token from before a suspension, also after the agent was resumed", async () => {
      const { deps, ada, writer } = room;
      const token = await ownToken(deps, writer);
      await suspendAgent(deps, ada.caller, { name: "writer" });
      assert.equal(await codeOf(authenticateToken(deps, sent(writer, token))), "unauthenticated");
      await resumeAgent(deps, ada.caller, { name: "writer" });
      assert.equal(await codeOf(authenticateToken(deps, sent(writer, token))), "unauthenticated");
      await authenticateToken(deps, sent(writer, await ownToken(deps, writer)));
    });

    test("refuses a token that its client gave back, and nobody can give another's back", async () => {
      const { deps, planner, writer } = room;
      const token = await ownToken(deps, planner);
      const give = (client: Running) =>
        revokeToken(deps, writer.caller, {
          form: {
            client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            client_assertion: proofsOf(deps, client).assertion,
            token,
          },
        });
      await give(writer);
      await authenticateToken(deps, sent(planner, token));
      await give(planner);
      assert.equal(await codeOf(authenticateToken(deps, sent(planner, token))), "unauthenticated");
    });
  });
});
