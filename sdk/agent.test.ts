import assert from "node:assert/strict";
import { test } from "node:test";
import { clientAssertionType, verifyClientAssertion } from "@countersign/proof/client-assertion";
import { sha256Base64url } from "@countersign/proof/digest";
import { verifyDpopProof } from "@countersign/proof/dpop";
import { canonicalize, type JsonObject, parseStrict } from "@countersign/proof/jcs";
import { importPublicJwk, parsePublicJwk } from "@countersign/proof/jwk";
import { claimsOf, verifyCompact } from "@countersign/proof/jws";
import { openAgent } from "./agent.ts";
import { ApprovalPending, Denied, Refused, Unreachable } from "./errors.ts";
import { grantOf, handClock, issuer, resource } from "./issuer-of-tests.ts";

type Sent = { method: string; url: string; headers: Headers; body: string };
type Answer = { status?: number; body: JsonObject };

const metadata = { issuer, token_endpoint: `${issuer}/oauth/token`, jwks_uri: `${issuer}/oauth/jwks` };
const instance = "spiffe://example.org/agent/planning-agent/1";
const ownToken: Answer = { body: { access_token: "own", token_type: "DPoP", expires_in: 300 } };

/** An agent whose requests are answered one after the other as a test says. */
async function enrolled(...answers: Answer[]) {
  const clock = handClock();
  const sent: Sent[] = [];
  const waiting: Answer[] = [{ body: metadata }, { status: 201, body: { instance } }, ...answers];
  const fetch = async (url: unknown, init: RequestInit = {}): Promise<Response> => {
    const { method = "GET", headers, body } = init;
    sent.push({ method, url: String(url), headers: new Headers(headers), body: String(body ?? "") });
    const answer = waiting.shift() ?? assert.fail(`nobody answers ${url}`);
    return new Response(JSON.stringify(answer.body), { status: answer.status ?? 200 });
  };
  const runtime = { ...clock, fetch: fetch as typeof globalThis.fetch };
  const agent = await openAgent({ issuer, joinToken: "join", runtime });
  const jwk = parsePublicJwk((parseStrict(sent[1]?.body ?? "") as JsonObject).jwk);
  return { agent, clock, sent, key: importPublicJwk(jwk) };
}

const request = { delegation: "ticket", resource, authorizationDetails: [grantOf("billing/listInvoices")] };

test("an agent enrols with a key that it made, and proves to hold it for this token alone", async () => {
  const { agent, sent, key } = await enrolled();
  assert.equal(agent.id, instance);
  const { token, proof, jwk } = parseStrict(sent[1]?.body ?? "") as Record<string, string>;
  assert.equal(token, "join");
  assert.ok(!JSON.stringify(jwk).includes('"d"'));
  const { payload } = verifyCompact(proof ?? "", { key, typ: "enrol+jwt", algs: ["ES256"] });
  const claims = claimsOf(payload);
  assert.equal(claims.aud, issuer);
  assert.equal(claims.token_hash, sha256Base64url("join"));
});

test("two agents never have the same key", async () => {
  const [one, other] = [await enrolled(), await enrolled()];
  assert.ok(!one.key.equals(other.key));
});

test("an issuer that describes somebody else, or endpoints elsewhere, is not used", async () => {
  const impostors = [
    { ...metadata, issuer: "http://localhost:6666" },
    { ...metadata, token_endpoint: "http://localhost:6666/oauth/token" },
    { ...metadata, jwks_uri: `${issuer}.evil.example/jwks` },
  ];
  for (const impostor of impostors) {
    const fetch = async () => new Response(JSON.stringify(impostor));
    const runtime = { ...handClock(), fetch };
    await assert.rejects(openAgent({ issuer, joinToken: "join", runtime }), Unreachable);
  }
});

test("each request for a token is authenticated, bound and one of its kind", async () => {
  const { agent, sent, key, clock } = await enrolled(ownToken);
  await agent.actorToken();
  const form = Object.fromEntries(new URLSearchParams(sent[2]?.body));
  assert.equal(form.grant_type, "client_credentials");
  assert.equal(form.client_assertion_type, clientAssertionType);
  const now = clock.now();
  const resolve = () => key;
  verifyClientAssertion(form.client_assertion ?? "", { clientId: instance, issuer, resolve, now });
  const url = `${issuer}/oauth/token`;
  verifyDpopProof(sent[2]?.headers.get("dpop") ?? "", { method: "POST", url, now, windowSeconds: 60 });
});

test("its own token is kept until shortly before it expires", async () => {
  const { agent, sent, clock } = await enrolled(ownToken, ownToken);
  await agent.actorToken();
  clock.move(284_000);
  await agent.actorToken();
  assert.equal(sent.length, 3);
  clock.move(1_001);
  await agent.actorToken();
  assert.equal(sent.length, 4);
});

test("its own token is not kept once it was refused", async () => {
  const refused = {
    status: 401,
    body: { type: "urn:countersign:problem:unauthenticated", detail: "It has died." },
  };
  const { agent, sent } = await enrolled(ownToken, refused, ownToken);
  const request = { edge: "edge_1", to: "cost-analysis-agent", grants: [], expiresIn: 60, purpose: "costs" };
  await assert.rejects(agent.delegate(request), {
    name: "Refused",
    code: "unauthenticated",
    message: "It has died.",
  });
  await agent.actorToken();
  assert.equal(sent.length, 5);
});

test("a bearer token is no answer: it would be worth something to whoever steals it", async () => {
  const { agent } = await enrolled({ body: { access_token: "own", token_type: "Bearer", expires_in: 300 } });
  await assert.rejects(agent.actorToken(), Unreachable);
});

test("an identity token is asked for by this agent itself, for one audience, and for nothing else", async () => {
  const answer = { access_token: "id", token_type: "N_A", expires_in: 300 };
  const { agent, sent, clock } = await enrolled({ body: answer }, { body: { token_type: "N_A" } });
  assert.deepEqual(await agent.identityToken("sts.amazonaws.com"), {
    token: "id",
    expiresAt: clock.now() + 300_000,
  });
  const form = new URLSearchParams(sent[2]?.body ?? "");
  assert.equal(form.get("grant_type"), "client_credentials");
  assert.equal(form.get("requested_token_type"), "urn:ietf:params:oauth:token-type:id_token");
  assert.deepEqual(form.getAll("audience"), ["sts.amazonaws.com"]);
  assert.equal(form.get("resource"), null);
  await assert.rejects(agent.identityToken("vault"), Unreachable);
});

test("a token is exchanged for the delegation, as this agent, for one resource", async () => {
  const issued = {
    access_token: "at",
    token_type: "DPoP",
    expires_in: 60,
    authorization_details: request.authorizationDetails,
  };
  const { agent, sent, clock } = await enrolled(ownToken, { body: issued });
  const token = await agent.token({ ...request, expiresIn: 60 });
  assert.deepEqual(token, {
    token: "at",
    resource,
    expiresAt: clock.now() + 60_000,
    grants: request.authorizationDetails,
  });
  const form = Object.fromEntries(new URLSearchParams(sent[3]?.body));
  assert.equal(form.subject_token, "ticket");
  assert.equal(form.actor_token, "own");
  assert.equal(form.resource, resource);
  assert.equal(form.expires_in, "60");
  assert.deepEqual(JSON.parse(form.authorization_details ?? ""), request.authorizationDetails);
});

test("a denial names its policies and its decision", async () => {
  const policies = [{ id: "cost-write-forbidden", reason: "Cost analysis never writes." }];
  const body = {
    error: "access_denied",
    error_description: "Cost analysis never writes.",
    decision: "decision_1",
    policies,
  };
  const { agent } = await enrolled(ownToken, { status: 400, body });
  const cause = await agent.token(request).catch((error) => error);
  assert.ok(cause instanceof Denied);
  assert.equal(cause.message, "Cost analysis never writes.");
  assert.equal(cause.decision, "decision_1");
  assert.deepEqual(cause.policies, ["cost-write-forbidden"]);
});

test("a needed approval names the request and how often to ask", async () => {
  const body = {
    error: "authorization_pending",
    error_description: "Ask her.",
    approval: "approval_1",
    interval: 3,
  };
  const { agent } = await enrolled(ownToken, { status: 400, body });
  const cause = await agent.token(request).catch((error) => error);
  assert.ok(cause instanceof ApprovalPending);
  assert.deepEqual([cause.approval, cause.interval], ["approval_1", 3]);
});

test("waiting for an approval asks again, and gives up in time", async () => {
  const body = { error: "authorization_pending", approval: "approval_1", interval: 0.01 };
  const pending = { status: 400, body };
  const issued = {
    access_token: "at",
    token_type: "DPoP",
    expires_in: 60,
    authorization_details: request.authorizationDetails,
  };
  const patient = await enrolled(ownToken, pending, pending, { body: issued });
  assert.equal((await patient.agent.waitForApproval(request, 60)).token, "at");
  const hasty = await enrolled(ownToken, pending);
  await assert.rejects(hasty.agent.waitForApproval(request, 0), ApprovalPending);
});

test("any other refusal says what the server said, and what to do", async () => {
  const body = {
    type: "urn:countersign:problem:gone",
    title: "Over",
    detail: "This task is closed.",
    remedy: "Open a new task.",
    event: "event_1",
  };
  const { agent } = await enrolled(ownToken, { status: 410, body });
  const cause = await agent.delegationFor("task_1").catch((error) => error);
  assert.ok(cause instanceof Refused && !(cause instanceof Denied));
  assert.deepEqual(
    [cause.code, cause.message, cause.remedy, cause.members.event],
    ["gone", "This task is closed.", "Open a new task.", "event_1"],
  );
});

test("what is no JSON object is no answer", async () => {
  const fetch = async () => new Response("<html>");
  const runtime = { ...handClock(), fetch };
  await assert.rejects(openAgent({ issuer, joinToken: "join", runtime }), Unreachable);
});

test("a delegation is found on whichever page it stands, the newest first, ended ones passed over", async () => {
  const page = (items: JsonObject[], next?: string): Answer => ({ body: { items, ...(next && { next }) } });
  const { agent, sent } = await enrolled(
    ownToken,
    page(
      [
        { id: "edge_1", task: "task_1" },
        { id: "edge_2", task: "task_2" },
      ],
      "edge_2",
    ),
    page([
      { id: "edge_3", task: "task_1" },
      { id: "edge_4", task: "task_1", ended_at: 1 },
    ]),
    { body: { delegation_token: "ticket" } },
  );
  assert.deepEqual(await agent.delegationFor("task_1"), { edge: "edge_3", delegation: "ticket" });
  assert.match(sent[4]?.url ?? "", /\?after=edge_2$/);
});

test("a call carries the very bytes whose hash its proof covers", async () => {
  const { agent, sent, clock } = await enrolled({ body: {} });
  const token = { token: "at", resource, expiresAt: 0, grants: [] };
  const args = { quarter: "2026-Q3", a: 1 };
  const url = `${resource}/listInvoices`;
  await agent.call(token, { url, tool: "billing/listInvoices", args });
  const [, , call] = sent;
  assert.equal(call?.headers.get("authorization"), "DPoP at");
  assert.equal(call?.body, canonicalize(args));
  verifyDpopProof(call?.headers.get("dpop") ?? "", {
    method: "POST",
    url,
    now: clock.now(),
    windowSeconds: 60,
    tool: "billing/listInvoices",
    argsHash: sha256Base64url(call?.body ?? ""),
  });
});
