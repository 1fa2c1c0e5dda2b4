/** Attacks on what is turned into tokens: codes, tickets, transactions, the company's word; all by proven clients. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { clientAssertionType } from "@countersign/proof/client-assertion";
import { createDpopProof } from "@countersign/proof/dpop";
import { enrol, type Instance } from "@countersign/sdk";
import type { CompanyIdp } from "../company-idp.ts";
import { registerClient } from "../oauth/code.ts";
import { connectCompany } from "../oauth/domains.ts";
import { askAsProgram, codeForm, newProgram, refreshForm } from "../oauth/program.ts";
import type { Setting } from "../oauth/setting.ts";
import { jsonOf, send, type WireAnswer } from "../wire.ts";
import { askAs, claimsOf, grantOf, joinToken, LEDGER, proofsOf, TOOL } from "../workloads.ts";
import type { AttackLedger } from "./ledger.ts";

const NO_GRANT = { status: 400, error: "invalid_grant" };
const MISUSED = { ...NO_GRANT, leaves: "authorization.misused" };
const REFUSED = { status: 400, error: "invalid_request" };
const REPLAYED = { status: 401, error: "replayed" };

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const DELEGATION = "urn:countersign:params:oauth:token-type:delegation";
const TXN_TOKEN = "urn:ietf:params:oauth:token-type:txn_token";

export async function attackTokens(ledger: AttackLedger, on: Setting, idp: CompanyIdp): Promise<void> {
  await attackCodes(ledger, on);
  await attackTickets(ledger, on);
  await attackTransactions(ledger, on);
  await attackSignIn(ledger, on, idp);
}

async function attackCodes(ledger: AttackLedger, on: Setting): Promise<void> {
  const { server } = on;
  await registerClient(on);
  await ledger.attack("code injection: a code brought by another copy of the program", NO_GRANT, async () => {
    const form = await codeForm(on, newProgram());
    return askAsProgram(server, newProgram(), form);
  });
  await ledger.attack("code injection: without the verifier of whoever asked for it", NO_GRANT, async () => {
    const program = newProgram();
    const form = await codeForm(on, program);
    return askAsProgram(server, program, { ...form, code_verifier: newProgram().verifier });
  });
  await ledger.attack("code replay: a code that was redeemed comes again", MISUSED, async () => {
    const program = newProgram();
    const form = await codeForm(on, program);
    assert.equal((await askAsProgram(server, program, form)).status, 200);
    return askAsProgram(server, program, form);
  });
  await ledger.attack("refresh token replay: one that was used comes again", MISUSED, async () => {
    const program = newProgram();
    const form = await refreshForm(on, program);
    assert.equal((await askAsProgram(server, program, form)).status, 200);
    return askAsProgram(server, program, form);
  });
}

async function attackTickets(ledger: AttackLedger, on: Setting): Promise<void> {
  const { agent, administrator, server } = on;
  const facts = { class: "operations", purpose: "Wants more.", environment: "development" };
  const owner = administrator.person;
  await administrator.post("/agents", { name: "other-agent", ...facts, owner, grants: [grantOf()] });
  const other = await enrol({
    issuer: server.issuer,
    joinToken: await joinToken(administrator, { agent: "other-agent" }),
  });
  const { delegation } = await on.openTask();
  const ticket = (actor: string) => ({
    grant_type: EXCHANGE,
    subject_token: delegation,
    subject_token_type: DELEGATION,
    actor_token: actor,
    actor_token_type: ACCESS_TOKEN,
    resource: LEDGER,
    authorization_details: JSON.stringify([grantOf()]),
  });
  const [own, others] = [await agent.actorToken(), await other.actorToken()];
  const attacks: readonly [name: string, by: Instance, actor: string][] = [
    ["chain splicing: my ticket, another agent's actor token", agent, others],
    ["chain splicing: another agent's ticket, my actor token", other, others],
    ["chain splicing: another agent's ticket and its actor token", other, own],
  ];
  for (const [name, by, actor] of attacks)
    await ledger.attack(name, REFUSED, () => exchange(on, by, ticket(actor)));
  assert.equal((await exchange(on, agent, ticket(own))).status, 200, "what is in order is taken");
}

async function attackTransactions(ledger: AttackLedger, on: Setting): Promise<void> {
  const { agent, service, server } = on;
  const { delegation } = await on.openTask();
  const { access_token } = jsonOf<{ access_token: string }>(
    await exchange(on, agent, {
      grant_type: EXCHANGE,
      subject_token: delegation,
      subject_token_type: DELEGATION,
      actor_token: await agent.actorToken(),
      actor_token_type: ACCESS_TOKEN,
      resource: LEDGER,
      authorization_details: JSON.stringify([grantOf()]),
    }),
  );
  const call = { tool: TOOL, args: { amount: 7 } };
  const called = { jti: String(claimsOf(access_token).jti), ...call, phase: "called", proof: "p".repeat(43) };
  const say = async (path: string, body: typeof called | { txn_token: string }) =>
    askAs(server, service, await service.actorToken(), { method: "POST", path, body });
  assert.equal((await say("/oauth/uses", called)).status, 200);
  await ledger.attack(
    "captured request: the same proof of possession at another copy of the service",
    { status: 410, error: "gone" },
    () => say("/oauth/uses", called),
  );
  const answered = await exchange(on, service, {
    grant_type: EXCHANGE,
    requested_token_type: TXN_TOKEN,
    audience: new URL(service.id).host,
    scope: TOOL,
    subject_token: access_token,
    subject_token_type: ACCESS_TOKEN,
    request_details: JSON.stringify(call),
  });
  const spent = { txn_token: jsonOf<{ access_token: string }>(answered).access_token };
  assert.equal((await say("/oauth/transactions", spent)).status, 200);
  await ledger.attack("transaction replay: a transaction token that was spent comes again", REPLAYED, () =>
    say("/oauth/transactions", spent),
  );
}

async function attackSignIn(ledger: AttackLedger, on: Setting, idp: CompanyIdp): Promise<void> {
  const { agent, server } = on;
  await connectCompany(on, idp);
  const asked = { subject: "carla", audience: server.issuer, clientId: "posting-agent", resource: LEDGER };
  const bring = (assertion: string) =>
    exchange(on, agent, { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion });
  await ledger.attack("ID-JAG replay: the company's word that was taken comes again", NO_GRANT, async () => {
    const assertion = await idp.idJagFor(asked);
    assert.equal((await bring(assertion)).status, 200);
    return bring(assertion);
  });
  await ledger.attack("ID-JAG injection: the company's word to another client", NO_GRANT, async () =>
    bring(await idp.idJagFor({ ...asked, clientId: "other-agent" })),
  );
}

/** Asks the token endpoint in a copy's own name, with new proofs. */
function exchange(
  { server }: Setting,
  by: Instance,
  form: Readonly<Record<string, string>>,
): Promise<WireAnswer> {
  const { assertion } = proofsOf(by);
  const proof = { key: by.key.privateKey, method: "POST", url: by.issuer.tokenEndpoint };
  const headers = {
    "content-type": "application/x-www-form-urlencoded",
    dpop: createDpopProof({ ...proof, now: Date.now(), jti: randomUUID() }),
  };
  const all = { ...form, client_assertion_type: clientAssertionType, client_assertion: assertion };
  const body = new URLSearchParams(all).toString();
  return send(server, { method: "POST", path: "/oauth/token", headers, body });
}
