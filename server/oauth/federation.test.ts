import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findEvents, perform } from "../audit/index.ts";
import { forEachEngine } from "../audit/test-databases.ts";
import { codeOf, fault, REPORTS } from "../delegation/fixture.ts";
import { minutes, system } from "../lib/index.ts";
import { issuer } from "../login/fixture.ts";
import { replacePolicies, shippedPolicies } from "../policy/index.ts";
import { decommissionAgent, resumeAgent, suspendAgent } from "../registry/index.ts";
import { revoke } from "../revocation/index.ts";
import { authenticateToken } from "./authenticate-token.ts";
import { defineFederation } from "./federation.ts";
import { ask, claimsIn, openMarket, requestTo } from "./fixture.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { findFederation } from "./store-federation.ts";

type Opened = Awaited<ReturnType<typeof openMarket>>;

const aws = "sts.amazonaws.com";
const asked = {
  grant_type: "client_credentials",
  requested_token_type: "urn:ietf:params:oauth:token-type:id_token",
  audience: aws,
};

forEachEngine((engine) => {
  let room: Opened;
  before(async () => {
    room = await openMarket(engine);
    await allow("planner", [aws]);
  });
  after(() => room.close());

  const allow = (agent: string, audiences: string[]) =>
    defineFederation(room.deps, room.ada.caller, { agent, audiences });
  const headerOf = (token: string) =>
    JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());

  test("an identity token says who the agent is, to one audience, for minutes, and nothing of its rights", async () => {
    const { deps, planner } = room;
    const answer = await ask(deps, planner, asked);
    assert.equal(answer.token_type, "N_A");
    assert.equal(answer.issued_token_type, asked.requested_token_type);
    const { iat, jti, ...claims } = claimsIn(answer) as unknown as Record<string, unknown>;
    assert.deepEqual(claims, {
      iss: issuer,
      sub: "spiffe://acme.example/agent/planner",
      aud: aws,
      nbf: iat,
      exp: (iat as number) + 300,
      agent: "planner",
      agent_class: "reporting",
      environment: "production",
      instance: planner.instance.id,
    });
    const { kid, ...header } = headerOf(answer.access_token);
    assert.deepEqual(header, { alg: "RS256", typ: "JWT" });
    assert.equal(deps.keys.signer("federation").kid, kid);
    assert.equal(deps.keys.verifier("token", kid), undefined);
    const [event] = await findEvents(deps.database, { type: "identity.issued", limit: 10 });
    const body = JSON.parse(event?.body ?? "{}").body;
    assert.deepEqual([body.jti, body.audience, body.policies], [jti, aws, ["federated-identity"]]);
  });

  test("an agent for which nobody named the audience gets nothing, and the attempt is in the log", async () => {
    const { deps, planner, writer } = room;
    for (const [who, audience] of [
      [writer, aws],
      [planner, "sts.amazonaws.com/"],
      [planner, "STS.amazonaws.com"],
      [planner, "api://AzureADTokenExchange"],
    ] as const) {
      const refused = await fault(ask(deps, who, { ...asked, audience }));
      assert.equal(refused.code, "invalid-target");
      assert.ok(refused.recordedAs);
    }
    assert.equal(await codeOf(ask(deps, planner, { ...asked, audience: "" })), "invalid-request");
    assert.equal(await codeOf(ask(deps, room.reports, asked)), "unauthorized-client");
  });

  test("an audience without an identity token, and what an identity token has no place for, is refused", async () => {
    const { deps, planner } = room;
    const { requested_token_type: _, ...plain } = asked;
    assert.equal(await codeOf(ask(deps, planner, plain)), "invalid-target");
    assert.equal(await codeOf(ask(deps, planner, { ...asked, resource: REPORTS })), "invalid-request");
    const details = { ...asked, authorization_details: "[]" };
    assert.equal(await codeOf(ask(deps, planner, details)), "invalid-request");
    const refresh = { ...plain, audience: undefined as never, requested_token_type: "refresh_token" };
    assert.equal(await codeOf(ask(deps, planner, { ...refresh })), "invalid-request");
    assert.equal(await codeOf(ask(deps, planner, { ...asked, expires_in: "901" })), "invalid-request");
    assert.equal(await codeOf(ask(deps, planner, { ...asked, scope: "openid" })), "invalid-scope");
  });

  test("an identity token opens nothing here", async () => {
    const { deps, planner } = room;
    const { access_token } = await ask(deps, planner, asked);
    const request = requestTo("/delegations", { authorization: `DPoP ${access_token}` }, "GET");
    assert.equal(await codeOf(authenticateToken(deps, request)), "unauthenticated");
    const actor = {
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: access_token,
      subject_token_type: "urn:countersign:params:oauth:token-type:delegation",
      actor_token: access_token,
      actor_token_type: "urn:ietf:params:oauth:token-type:access_token",
      resource: REPORTS,
    };
    assert.equal(await codeOf(ask(deps, planner, actor)), "invalid-request");
  });

  test("a resource of ours is no audience for it, when it is named and when it became one since", async () => {
    const { deps, planner } = room;
    for (const audience of [issuer, REPORTS])
      assert.equal(await codeOf(allow("planner", [audience])), "invalid");
    assert.deepEqual((await findFederation(deps.database, planner.caller.principal)).audiences, [aws]);
  });

  test("only administrators say who may be shown to whom; the list is replaced, and told to the log once", async () => {
    const { deps, pat, ada } = room;
    const list = { agent: "publisher", audiences: [aws, "vault"] };
    assert.equal(await codeOf(defineFederation(deps, pat.caller, list)), "forbidden");
    assert.equal(await codeOf(defineFederation(deps, ada.caller, { ...list, agent: "nobody" })), "not-found");
    await defineFederation(deps, ada.caller, list);
    await defineFederation(deps, ada.caller, { ...list, audiences: ["vault", aws, aws] });
    deps.clock.advance(1);
    await defineFederation(deps, ada.caller, { ...list, audiences: [] });
    const events = await findEvents(deps.database, {
      type: "federation.defined",
      agent: "publisher",
      limit: 10,
    });
    const told = events.map(({ body }) => JSON.parse(body).body);
    assert.deepEqual(told, [
      { audiences: [aws, "vault"], before: [] },
      { audiences: [], before: [aws, "vault"] },
    ]);
    assert.equal(await codeOf(ask(deps, room.publisher, asked)), "invalid-target");
  });

  test("two administrators at once never make the union of their lists", async () => {
    const lists = [["a"], ["b"], ["c"]];
    await Promise.allSettled(lists.map((audiences) => allow("publisher", audiences)));
    const { audiences } = await findFederation(room.deps.database, "publisher" as never);
    assert.equal(audiences.length, 1);
  });

  test("what was named a moment ago and is not any more is not issued: the commit is guarded", async () => {
    const { deps, planner } = room;
    const { database } = deps;
    let first = true;
    const racing = {
      ...deps,
      database: Object.assign(Object.create(database), {
        commit: async (change: Parameters<typeof database.commit>[0]) => {
          if (first && change.announcements.has("events")) {
            first = false;
            await allow("planner", []);
          }
          return database.commit(change);
        },
      }),
    } as OauthDeps;
    assert.equal(await codeOf(ask(racing, planner, asked)), "invalid-target");
    await allow("planner", [aws]);
    await ask(deps, planner, asked);
  });

  test("policy is asked: what it forbids is not issued, whoever was named", async () => {
    const { deps, planner } = room;
    const never = `@id("not-to-them") @reason("Nobody is shown to them.")
forbid (principal, action == Action::"lend", resource)
when { context.args has audience && context.args.audience == "https://them.example" };`;
    const shipped = await shippedPolicies();
    await replacePolicies(deps, system, [...shipped, { name: "never", text: never }]);
    const them = "https://them.example";
    await allow("planner", [aws, them]);
    const refused = await fault(ask(deps, planner, { ...asked, audience: them }));
    assert.equal(refused.code, "access-denied");
    assert.match(refused.message, /Nobody is shown to them/);
    await ask(deps, planner, asked);
    await replacePolicies(deps, system, shipped);
    await ask(deps, planner, { ...asked, audience: them });
  });

  test("an agent that was suspended, revoked or ended is shown to nobody", async () => {
    const { deps, ada, planner, writer } = room;
    await suspendAgent(deps, ada.caller, { name: "planner" });
    assert.notEqual(await codeOf(ask(deps, planner, asked)), "none");
    await resumeAgent(deps, ada.caller, { name: "planner" });
    await ask(deps, planner, asked);
    await allow("writer", [aws]);
    await perform(deps, system, "test.revoke", async (change) =>
      revoke(deps, change, system, [`instance:${writer.instance.id}`], "test"),
    );
    assert.equal(await codeOf(ask(deps, writer, asked)), "gone");
    await decommissionAgent(deps, ada.caller, { name: "writer" });
    assert.notEqual(await codeOf(ask(deps, writer, asked)), "none");
    deps.clock.advance(minutes(1));
  });
});
