import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { clientAssertionType } from "@countersign/proof/client-assertion";
import { createDpopProof } from "@countersign/proof/dpop";
import { parseGrants } from "@countersign/proof/grant";
import type { JsonObject } from "@countersign/proof/jcs";
import { publicJwkOf, thumbprint } from "@countersign/proof/jwk";
import { agentOf, openAgent } from "@countersign/sdk";
import { type Administrator, becomeAdministrator } from "./administrator.ts";
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
  type Workloads,
} from "./workloads.ts";

const place: Place = freshFolder();
let server: ServerProcess;
let administrator: Administrator;
let workloads: Workloads;
let idp: CompanyIdp;

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
  const answer = await bring(await idp.idJagFor(asked()));
  assert.equal(answer.status, 200, String(answer.body));
  const { task } = claimsOf(String((jsonOf(answer) as JsonObject).access_token));
  const { delegation } = await first.delegationFor(String(task));
  const root = await first.warrants.mint({ delegation, resource: LEDGER });
  const passed = first.warrants.narrow(root, {
    to: "second-agent",
    key: second.key,
    grants: parseGrants([grantOf()]),
    expiresIn: 60,
  });
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
