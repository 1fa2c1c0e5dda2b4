import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { clientAssertionType, createClientAssertion } from "@countersign/proof/client-assertion";
import { verifyIntrospection } from "@countersign/proof/introspection";
import { findEvents } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { defineServer, RELEASABLE } from "../catalog/index.ts";
import {
  begunTask,
  call,
  codeOf,
  passOn,
  quarters,
  REPORTS,
  type Running,
  run,
} from "../delegation/fixture.ts";
import { closeTask } from "../delegation/index.ts";
import { minutes } from "../lib/index.ts";
import { issuer, stranger } from "../login/fixture.ts";
import {
  endInstance,
  registerAgent,
  registerService,
  resumeAgent,
  suspendAgent,
  suspendService,
} from "../registry/index.ts";
import { ask, claimsIn, exchange, exchangeForm, openMarket, ownToken, requestTo } from "./fixture.ts";
import { WARRANT } from "./grants/exchange/token-types.ts";
import { type Introspection, introspect } from "./introspect.ts";
import { keySetOf, type OauthDeps } from "./oauth-deps.ts";
import { introspection } from "./routes-introspection.ts";
import { callTool } from "./use-token.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;
type Active = Extract<Introspection, { active: true }>;

const write = [call("reports/write", quarters("Q1", "Q2"))];
const read = [call("reports/read", quarters("Q1"))];
const INACTIVE = { active: false };

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
  });
  after(() => room.close());

  async function withToken(grants = write) {
    const { deps, planner } = room;
    const { task, edge } = await begunTask(deps, room, { grants });
    const { access_token: token } = await exchange(deps, planner, edge.id, grants);
    return { task, edge, token, claims: claimsIn({ access_token: token }) };
  }
  const askedBy = async ({ caller }: Pick<Running, "caller">, token: string, deps: OauthDeps = room.deps) =>
    (await introspect(deps, caller, { form: { token } })).answer;
  const active = async (token: string): Promise<Active> => {
    const answer = await askedBy(room.reports, token);
    assert.ok(answer.active);
    return answer;
  };
  const prying = async (jti: string) => {
    const rows = await findEvents(room.deps.database, { type: "request.refused", limit: 500 });
    return rows.map(({ body }) => JSON.parse(body).body).filter(({ details }) => details.jti === jti);
  };

  describe("introspection", () => {
    test("tells the service that is called all that the token is worth", async () => {
      const { pat, planner } = room;
      const { token, claims, task } = await withToken();
      const answer = await active(token);
      assert.deepEqual(
        [answer.token_type, answer.sub, answer.aud, answer.client_id, answer.exp, answer.jti],
        ["DPoP", pat.id, REPORTS, planner.instance.id, claims.exp, claims.jti],
      );
      assert.deepEqual(
        [answer.human_principal, answer.agent, answer.chain_hash, answer.task],
        [pat.id, "planner", claims.chain_hash, task.id],
      );
      assert.deepEqual(answer.cnf, claims.cnf);
      assert.deepEqual(answer.act, claims.act);
      assert.deepEqual(answer.status, claims.status);
      assert.deepEqual(answer.authorization_details, claims.authorization_details);
    });

    test("tells a client about a token of its own, and about no other's", async () => {
      const { planner, writer } = room;
      const { token, claims } = await withToken();
      assert.equal((await askedBy(planner, token)).active, true);
      assert.deepEqual(await askedBy(writer, token), INACTIVE);
      const another = await run(room.deps, { agent: "planner" });
      assert.deepEqual(await askedBy(another, token), INACTIVE);
      assert.equal((await prying(claims.jti)).length, 2);
    });

    test("tells a service nothing of a token for another's resource, and leaves a record that it asked", async () => {
      const { deps, ada } = room;
      const service = await registerService(deps, ada.caller, {
        name: "nosy",
        owner: ada.id,
        resources: ["https://nosy.example"],
      });
      const { token, claims } = await withToken();
      const nosy = await run(deps, { service });
      assert.deepEqual(await askedBy(nosy, token), INACTIVE);
      const [event] = await prying(claims.jti);
      assert.deepEqual([event.action, event.details.audience], ["token.introspect", REPORTS]);
      const ofAgent = await findEvents(deps.database, {
        agent: "planner",
        type: "request.refused",
        limit: 500,
      });
      const held = ofAgent.filter(({ body }) => JSON.parse(body).body.details.jti === claims.jti);
      assert.deepEqual(held, [], "what a service asks is not held against the agent");
    });

    test("says of what is forged, foreign, garbled or expired that it is not active, and no more", async () => {
      const { deps, reports } = room;
      const { token } = await withToken();
      const [header, payload, signature = ""] = token.split(".");
      const other = await withToken();
      const spoilt = [
        "x",
        "a.b.c",
        `${header}.${payload}.`,
        `${header}.${payload}.${other.token.split(".")[2]}`,
        `${header}.${other.token.split(".")[1]}.${signature}`,
        `${token} `,
        token.repeat(40),
      ];
      for (const each of spoilt) assert.deepEqual(await askedBy(reports, each), INACTIVE);
      deps.clock.advance(minutes(5));
      assert.deepEqual(await askedBy(reports, token), INACTIVE);
    });

    test("judges now: a task that was closed, an agent that rests, a copy that has ended, a parent's too", async () => {
      const { deps, ada, desk, reports, planner, writer } = room;
      const closed = await withToken();
      await closeTask(deps, desk.caller, { task: closed.task.id });
      assert.deepEqual(await askedBy(reports, closed.token), INACTIVE);

      const { edge } = await withToken();
      const child = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      const passed = await exchange(deps, writer, child.id, write);
      assert.equal((await active(passed.access_token)).agent, "writer");
      await suspendAgent(deps, ada.caller, { name: "planner" });
      assert.deepEqual(await askedBy(reports, passed.access_token), INACTIVE);
      await resumeAgent(deps, ada.caller, { name: "planner" });
      assert.deepEqual(await askedBy(reports, passed.access_token), INACTIVE);

      const copy = await run(deps, { agent: "planner" });
      const own = (await ask(deps, copy, { grant_type: "client_credentials" })).access_token;
      assert.equal((await askedBy(copy, own)).active, true);
      await endInstance(deps, ada.caller, { id: copy.instance.id });
      assert.deepEqual(await askedBy({ caller: copy.caller }, own), INACTIVE);
    });

    test("counts: it says how often a grant was used, and a token that is used up is not active", async () => {
      const { deps, reports } = room;
      const { token, claims } = await withToken([{ ...write[0], max_uses: 2 } as never]);
      const use = { jti: claims.jti, tool: "reports/write", args: { quarter: "Q1" } };
      assert.deepEqual((await active(token)).uses, [{ grant: 0, used: 0, of: 2 }]);
      await callTool(deps, reports.caller, use);
      assert.deepEqual((await active(token)).uses, [{ grant: 0, used: 1, of: 2 }]);
      await callTool(deps, reports.caller, use);
      assert.deepEqual(await askedBy(reports, token), INACTIVE);
    });

    test("a client may authenticate by its assertion, once, and in one way only", async () => {
      const { deps, reports } = room;
      const { token } = await withToken();
      const { instance, key } = reports;
      const assertion = createClientAssertion({
        clientId: instance.id,
        issuer,
        key,
        now: deps.clock.now(),
        jti: randomUUID(),
      });
      const form = { token, client_assertion_type: clientAssertionType, client_assertion: assertion };
      const { asker, answer } = await introspect(deps, stranger, { form });
      assert.deepEqual([asker, answer.active], [instance.id, true]);
      assert.equal(await codeOf(introspect(deps, stranger, { form })), "invalid-client");
      assert.equal(await codeOf(introspect(deps, reports.caller, { form })), "invalid-request");
    });

    test("strangers, people and services that rest are told nothing, and a token must be sent", async () => {
      const { deps, ada, reports } = room;
      const { token } = await withToken();
      assert.equal(await codeOf(introspect(deps, stranger, { form: { token } })), "invalid-client");
      assert.equal(await codeOf(introspect(deps, ada.caller, { form: { token } })), "invalid-request");
      assert.equal(await codeOf(introspect(deps, reports.caller, { form: {} })), "invalid-request");
      const service = await registerService(deps, ada.caller, {
        name: "resting",
        owner: ada.id,
        resources: ["https://resting.example"],
      });
      const resting = await run(deps, { service });
      await suspendService(deps, ada.caller, { id: service.id });
      const assertion = createClientAssertion({
        clientId: resting.instance.id,
        issuer,
        key: resting.key,
        now: deps.clock.now(),
        jti: randomUUID(),
      });
      const form = { token, client_assertion_type: clientAssertionType, client_assertion: assertion };
      assert.equal(await codeOf(introspect(deps, stranger, { form })), "forbidden");
    });

    test("is signed for the asker where it is asked for so, the answer no as well", async () => {
      const { deps, reports } = room;
      const { token } = await withToken();
      const answered = async (accept: string, body: { token: string }) => {
        const request = requestTo("/oauth/introspect", { accept });
        const input = { params: undefined, query: undefined, body, request };
        return introspection.handle(deps, reports.caller, input as never);
      };
      const signed = await answered("application/token-introspection+jwt", { token });
      assert.equal(signed.contentType, "application/token-introspection+jwt");
      const expected = {
        issuer,
        keys: keySetOf(deps.keys, "token"),
        now: deps.clock.now(),
        maxAgeSeconds: 30,
        audience: String(reports.caller.instance),
      };
      assert.equal(verifyIntrospection(String(signed.body), expected).active, true);
      const no = await answered("application/token-introspection+jwt", { token: "x" });
      assert.deepEqual(verifyIntrospection(String(no.body), expected), INACTIVE);
      assert.throws(() => verifyIntrospection(String(signed.body), { ...expected, audience: "somebody" }));
      const plain = await answered("application/json, application/token-introspection+jwt;q=0", { token });
      assert.equal((plain.body as Introspection).active, true);
    });
  });

  describe("a release policy", () => {
    const define = (more: object) =>
      defineServer(room.deps, room.ada.caller, { id: "reports", resource: REPORTS, ...more });

    test("keeps from a server's tokens and answers what it is not to be told, and nothing that it needs", async () => {
      const { deps, planner, writer } = room;
      await define({ release: ["task"] });
      const { edge } = await withToken();
      const child = await passOn(deps, planner, { edge: edge.id, to: "writer", grants: write });
      const { access_token: token } = await exchange(deps, writer, child.id, write);
      const claims = claimsIn({ access_token: token });
      const told = RELEASABLE.filter((name) => claims[name] !== undefined);
      assert.deepEqual(told, ["task", "act"]);
      assert.deepEqual(claims.act, { iss: issuer, sub: "writer" });
      for (const name of ["rev", "strength", "cnf", "authorization_details", "agent", "status"] as const)
        assert.notEqual(claims[name], undefined);
      const answer = await active(token);
      assert.deepEqual(
        RELEASABLE.filter((name) => answer[name] !== undefined),
        ["task", "act"],
      );
      assert.notEqual(answer.human_principal, undefined);
      await define({});
    });

    test("that was narrowed since holds for answers about tokens from before", async () => {
      const { token, claims } = await withToken();
      assert.notEqual(claims.purpose, undefined);
      await define({ release: [] });
      const answer = await active(token);
      assert.equal(answer.purpose, undefined);
      assert.notEqual(answer.act, undefined);
      await define({});
      assert.equal((await active(token)).purpose, claims.purpose);
    });

    test("names what there is, once, and stands in the log with its server", async () => {
      const { deps } = room;
      assert.equal(await codeOf(define({ release: ["everything"] })), "invalid");
      assert.equal(await codeOf(define({ release: ["task", "task"] })), "invalid");
      await define({ release: ["purpose"], delegated: true });
      const rows = await findEvents(deps.database, { type: "server.defined", limit: 100 });
      assert.ok(rows.some(({ body }) => JSON.parse(body).body.release?.[0] === "purpose"));
      await define({});
    });

    test("a server that takes no delegated tokens gets none, and standing ones as before", async () => {
      const { deps, ada, planner } = room;
      await registerAgent(deps, ada.caller, {
        name: "inventory",
        class: "inventory",
        purpose: "looks at reports",
        environment: "production",
        owner: ada.id,
        grants: read,
      });
      await define({ delegated: false });
      const { edge } = await begunTask(deps, room, { grants: write });
      assert.equal(await codeOf(exchange(deps, planner, edge.id, write)), "invalid-target");
      const warrant = {
        ...(await exchangeForm(deps, planner, edge.id, write)),
        requested_token_type: WARRANT,
      };
      assert.equal(await codeOf(ask(deps, planner, warrant)), "invalid-target");
      const standing = { grant_type: "client_credentials", resource: REPORTS };
      await ask(deps, await run(deps, { agent: "inventory" }), {
        ...standing,
        authorization_details: JSON.stringify(read),
      });
      await define({});
      await exchange(deps, planner, edge.id, write);
      assert.notEqual(await ownToken(deps, planner), "");
    });
  });
});
