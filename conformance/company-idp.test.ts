import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { clientAssertionType } from "@countersign/proof/client-assertion";
import { createDpopProof } from "@countersign/proof/dpop";
import { parseGrants } from "@countersign/proof/grant";
import type { JsonObject } from "@countersign/proof/jcs";
import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { type Agent, agentOf, openAgent } from "@countersign/sdk";
import { type Administrator, becomeAdministrator } from "./administrator.ts";
import { startChainTaker } from "./chain-taker.ts";
import { eventually } from "./chance.ts";
import { type CompanyIdp, type IdJagAsked, startCompanyIdp } from "./company-idp.ts";
import { freshFolder, type Place } from "./place.ts";
import { freePort, type ServerProcess, startServer } from "./server-process.ts";
import { jsonOf, send, type WireAnswer } from "./wire.ts";
import {
  claimsOf,
  grantOf,
  joinToken,
  LEDGER,
  proofsOf,
  startWorkloads,
  TOOL,
  type Workloads,
} from "./workloads.ts";

const place: Place = freshFolder();
let server: ServerProcess;
let administrator: Administrator;
let workloads: Workloads;
let idp: CompanyIdp;
let holders: { first: Agent; second: Agent };

before(async () => {
  [server, idp] = [await startServer(place, { port: await freePort() }), await startCompanyIdp()];
  administrator = await becomeAdministrator(place, server);
  workloads = await startWorkloads(administrator, server.issuer);
  await administrator.put("/groups/posters", { grants: [grantOf()] });
  const { id } = await administrator.post<{ id: string }>("/people", {
    name: "Carla Conti",
    email: "carla@acme.example",
    groups: ["posters"],
  });
  await administrator.put("/identity-providers/company", {
    issuer: idp.issuer,
    clients: [{ client_id: "posting-agent", agent: "posting-agent", id_jag: "allowed" }],
  });
  await administrator.put(`/people/${id}/subjects/company`, { subject: "carla" });
});
after(async () => {
  await idp.close();
  await server.kill();
  await place.remove();
});

const asked = (more: Partial<IdJagAsked> = {}): IdJagAsked => ({
  subject: "carla",
  audience: server.issuer,
  clientId: "posting-agent",
  resource: LEDGER,
  ...more,
});

function bring(assertion: string): Promise<WireAnswer> {
  const proofs = proofsOf(workloads.agent);
  const form = new URLSearchParams({
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    assertion,
    client_assertion_type: clientAssertionType,
    client_assertion: proofs.assertion,
  });
  const headers = { "content-type": "application/x-www-form-urlencoded", dpop: proofs.dpop };
  return send(server, { method: "POST", path: "/oauth/token", headers, body: form.toString() });
}

test("a sign-in at the company's own identity provider becomes a token here, over real HTTP", async () => {
  const { key } = workloads.agent;
  const dpop = createDpopProof({
    key: key.privateKey,
    method: "POST",
    url: idp.tokenEndpoint,
    now: Date.now(),
    jti: randomUUID(),
  });
  const assertion = await idp.idJagFor(asked({ dpop }));
  assert.equal((claimsOf(assertion).cnf as JsonObject).jkt, thumbprint(publicJwkOf(key.privateKey)));
  const answer = await bring(assertion);
  assert.equal(answer.status, 200, String(answer.body));
  const token = claimsOf(String((jsonOf(answer) as JsonObject).access_token));
  assert.deepEqual([token.aud, token.acr], [LEDGER, "urn:company:mfa"]);
  const again = await bring(assertion);
  assert.equal(again.status, 400);
  assert.equal((jsonOf(again) as JsonObject).error, "invalid_grant");
});

test("what the provider says of somebody else, or to somebody else, is refused", async () => {
  for (const more of [
    { subject: "mallory" },
    { audience: "https://other.example" },
    { clientId: "another-agent" },
  ]) {
    const answer = await bring(await idp.idJagFor(asked(more)));
    assert.equal(answer.status, 400);
    assert.equal((jsonOf(answer) as JsonObject).error, "invalid_grant");
  }
});

test("what the provider limits is limited", async () => {
  const details = [grantOf({ max_uses: 1 })];
  const answer = await bring(await idp.idJagFor(asked({ authorizationDetails: details })));
  assert.deepEqual((jsonOf(answer) as JsonObject).authorization_details, details);
  const scoped = await bring(await idp.idJagFor(asked({ scope: "openid" })));
  assert.equal((jsonOf(scoped) as JsonObject).error, "access_denied");
});

/** A task that a sign-in began, passed on by a warrant. */
async function passedOn() {
  const { first, second } = holders;
  const answer = await bring(await idp.idJagFor(asked()));
  assert.equal(answer.status, 200, String(answer.body));
  const task = String(claimsOf(String((jsonOf(answer) as JsonObject).access_token)).task);
  const { delegation } = await first.delegationFor(task);
  const root = await first.warrants.mint({ delegation, resource: LEDGER });
  const grants = parseGrants([grantOf()]);
  const passed = first.warrants.narrow(root, { to: "second-agent", key: second.key, grants, expiresIn: 60 });
  return { task, root, passed };
}

test("what the sign-in gave is passed on by a warrant, offline, and comes back as a token of the last holder", async () => {
  const facts = { class: "operations", purpose: "Posts for another.", environment: "development" };
  const registered = { ...facts, owner: administrator.person, grants: [grantOf()] };
  await administrator.post("/agents", { name: "second-agent", ...registered });
  const changed = await administrator.ask("PATCH", "/agents/posting-agent", {
    delegation: { delegate_to: ["second-agent"], max_depth: 4, needs_person: [], shared: true },
  });
  assert.equal(changed.status, 200, String(changed.body));
  const joining = await joinToken(administrator, { agent: "second-agent" });
  const [first, second] = [
    agentOf(workloads.agent),
    await openAgent({ issuer: server.issuer, joinToken: joining }),
  ];
  holders = { first, second };
  const { root, passed } = await passedOn();
  const token = await second.warrants.token(second.warrants.take(passed.chain), { resource: LEDGER });
  const claims = claimsOf(token.token);
  assert.deepEqual((claims.act as JsonObject).sub, "second-agent");
  assert.equal((claims.wrt as JsonObject).root, claimsOf(root.chain[0] ?? "").jti);
  await assert.rejects(first.warrants.token(passed, { resource: LEDGER }), /does not hold/);
  const { Warrant, DPoP } = second.warrants.headers(passed, {
    url: `${LEDGER}/post`,
    tool: "ledger/post",
    args: { amount: 1 },
  });
  assert.equal(Warrant.split(", ").length, 2);
  assert.equal(claimsOf(DPoP).tool, "ledger/post");
});

test("its last holder calls a service while there is no control plane, for as long as the service has heard of it, and the call is told when it is back", async () => {
  const { second } = holders;
  const taker = await startChainTaker(workloads.service, { resource: LEDGER, tool: TOOL });
  try {
    const counted = await passedOn();
    const call = { url: taker.url, tool: TOOL, args: { amount: 7 } };
    const perCall = await second.warrants.call(counted.passed, call);
    assert.equal(perCall.status, 403, "the shipped policies ask what was called before");
    assert.match(await perCall.text(), /exchange the chain for an access token/);

    await leaveCallsToServices();
    const { task, root, passed } = await passedOn();
    await server.kill();
    const answer = await second.warrants.call(second.warrants.take(passed.chain), call);
    assert.equal(answer.status, 200);
    const { by, agent, task: served } = (await answer.json()) as Record<string, string>;
    assert.deepEqual([by, agent, served], ["warrant", "second-agent", task]);
    assert.equal((await second.warrants.call(root, call)).status, 401, "not its to show");
    taker.later(10_001);
    assert.equal((await second.warrants.call(passed, call)).status, 503);
    taker.later(-10_001);

    server = await startServer(place, { port: server.port });
    await taker.settled();
    type Told = { event: { type: string; body: { as_named: boolean; phase: string } } };
    const told = await administrator.list<Told>(`/audit/events?task=${task}&type=warrant.used`);
    const phases = told.map(({ event: { body } }) => [body.phase, body.as_named]);
    assert.deepEqual(phases.sort(), [
      ["called", true],
      ["returned", true],
    ]);

    await eventually(10_000, async () =>
      assert.equal((await second.warrants.call(passed, call)).status, 200, "it is heard again"),
    );
    await administrator.post("/agents/second-agent/suspend");
    await eventually(5_000, async () => {
      const suspended = await second.warrants.call(passed, call);
      assert.deepEqual([suspended.status, /suspended/.test(await suspended.text())], [401, true]);
    });
  } finally {
    await taker.close();
  }
});

/** Policies of which none reads what was called before: a root then leaves calls to whoever verifies it. */
async function leaveCallsToServices(): Promise<void> {
  const { policies } = await administrator.get<{ policies: { text: string }[] }>("/policies");
  const silent = policies.filter(({ text }) => !/history|window/.test(text));
  await administrator.post("/policies/activate", { policies: silent, message: "nothing is counted" });
}
