/** A client that knows nothing of us, and our own, at a server that demands a nonce of every proof. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { sha256Base64url } from "@countersign/proof/digest";
import { createDpopProof } from "@countersign/proof/dpop";
import { canonicalize, type JsonObject } from "@countersign/proof/jcs";
import { createKeySet } from "@countersign/proof/jwk";
import { verifyStatusList } from "@countersign/proof/status-list";
import {
  type Instance,
  type ProtectedRequest,
  type Protector,
  RequestRefused,
  serviceOf,
  type ToolCall,
} from "@countersign/sdk";
import * as oauth from "oauth4webapi";
import { type Administrator, becomeAdministrator } from "./administrator.ts";
import { cryptoKeysOf, discover, plain, withNonce } from "./oauth/outsider.ts";
import { freshFolder } from "./place.ts";
import { freePort, type ServerProcess, startServer } from "./server-process.ts";
import { enrolService, grantOf, LEDGER, startWorkloads, TOOL, type Workloads } from "./workloads.ts";

const place = freshFolder();
let server: ServerProcess;
let workloads: Workloads;
let administrator: Administrator;
let as: oauth.AuthorizationServer;

before(async () => {
  server = await startServer(place, { port: await freePort(), dpopNonces: "required" });
  administrator = await becomeAdministrator(place, server);
  workloads = await startWorkloads(administrator, server.issuer);
  as = await discover(server.issuer);
});
after(async () => {
  await server.stop();
  await place.remove();
});

async function stranger(who: "agent" | "service") {
  const { id, key } = workloads[who];
  const pair = cryptoKeysOf(key.privateKey);
  const client: oauth.Client = { client_id: id };
  return { client, authentication: oauth.PrivateKeyJwt(pair.privateKey), DPoP: oauth.DPoP(client, pair) };
}

async function tokenOf(who: "agent" | "service", more: Record<string, string> = {}) {
  const { client, authentication, DPoP } = await stranger(who);
  return withNonce(async () => {
    const parameters = new URLSearchParams(more);
    const response = await oauth.clientCredentialsGrantRequest(as, client, authentication, parameters, {
      DPoP,
      ...plain,
    });
    return oauth.processClientCredentialsResponse(as, client, response);
  });
}

const forLedger = { resource: LEDGER, authorization_details: JSON.stringify([grantOf()]) };

test("our own client and a stranger's are told the nonce, sign again, and come in", async () => {
  const { agent } = workloads;
  await agent.ask("GET", "/delegations");
  const issued = await tokenOf("agent", forLedger);
  assert.equal(issued.token_type, "dpop");
});

test("a stranger calls our own API with a nonce that it was told", async () => {
  const { DPoP } = await stranger("agent");
  const { access_token } = await tokenOf("agent");
  const url = new URL("/delegations", server.issuer);
  const call = () =>
    oauth.protectedResourceRequest(access_token, "GET", url, undefined, undefined, { DPoP, ...plain });
  const refused = await call().catch((error) => error);
  assert.ok(oauth.isDPoPNonceError(refused), String(refused));
  assert.equal((await call()).status, 200);
});

test("a service that knows nothing of us introspects a token, plainly and signed", async () => {
  const { access_token } = await tokenOf("agent", forLedger);
  const { client, authentication } = await stranger("service");
  for (const requestJwtResponse of [false, true]) {
    const response = await oauth.introspectionRequest(as, client, authentication, access_token, {
      requestJwtResponse,
      ...plain,
    });
    const signed = { ...client, introspection_signed_response_alg: "ES256" };
    const told = await oauth.processIntrospectionResponse(as, requestJwtResponse ? signed : client, response);
    assert.deepEqual([told.active, told.aud, told.token_type], [true, LEDGER, "DPoP"]);
  }
});

test("a stranger reads the status of a token from the published list, by the published keys", async () => {
  const { access_token } = await tokenOf("agent", forLedger);
  const claims = JSON.parse(Buffer.from(access_token.split(".")[1] ?? "", "base64url").toString());
  const { idx, uri } = claims.status.status_list;
  const keys = createKeySet((await (await fetch(String(as.jwks_uri))).json()) as JsonObject);
  const answer = await fetch(uri);
  assert.equal(answer.headers.get("content-type"), "application/statuslist+jwt");
  const list = verifyStatusList(await answer.text(), { uri, keys, now: Date.now() });
  assert.equal(list.at(idx), 0);
  const etag = answer.headers.get("etag") ?? "";
  assert.equal((await fetch(uri, { headers: { "if-none-match": etag } })).status, 304);
  const aggregation = await (await fetch(String(as.status_list_aggregation_endpoint))).json();
  assert.ok((aggregation as { status_lists: string[] }).status_lists.includes(uri));
});

test("a service shows the one behind it whose call it serves, and the one behind it serves it once", async () => {
  const { agent, service } = workloads;
  const front = serviceOf(service);
  const behind = serviceOf(await enrolService(administrator, server.issuer, "archive"));
  try {
    const protector = await front.protect(LEDGER, { nonces: true });
    const receiver = await behind.protectInternal(LEDGER);
    const { token } = await agent.askForToken({ grant_type: "client_credentials", ...forLedger });
    const call = { tool: TOOL, args: { amount: 7 } };
    const access = await protector.verify(await requestOf(protector, agent, token, call));
    const transaction = await access.run(({ transaction }) => transaction({ ip: "192.0.2.9" }));
    const internal = { txnToken: [transaction], call, from: service.id };
    const elsewhere = { ...internal, call: { tool: TOOL, args: { amount: 8 } } };
    await assert.rejects(receiver.verify(elsewhere), { status: 401 });
    const received = await receiver.verify(internal);
    assert.deepEqual([received.claims.sub, received.human_principal], [agent.id, undefined]);
    assert.deepEqual(received.claims.rctx?.req_ip, "192.0.2.9");
    await assert.rejects(receiver.verify(internal), { status: 401 });
    assert.match(await received.goOn(), /^[\w-]+\.[\w-]+\.[\w-]+$/);
  } finally {
    await Promise.all([front.close(), behind.close()]);
  }
});

/** The service tells the nonce with its refusal, as it must. */
async function requestOf(protector: Protector, agent: Instance, accessToken: string, call: ToolCall) {
  const request = (nonce?: string): ProtectedRequest => ({
    method: "POST",
    url: LEDGER,
    authorization: [`DPoP ${accessToken}`],
    dpop: [
      createDpopProof({
        ...{ key: agent.key.privateKey, method: "POST", url: LEDGER, accessToken, now: Date.now() },
        ...{ jti: crypto.randomUUID(), tool: call.tool, argsHash: sha256Base64url(canonicalize(call.args)) },
        ...(nonce === undefined ? {} : { nonce }),
      }),
    ],
    call,
  });
  const refusal = await protector.verify(request()).catch((cause) => cause);
  assert.ok(refusal instanceof RequestRefused && refusal.error === "use_dpop_nonce", String(refusal));
  return request(refusal.headers["dpop-nonce"]);
}

test("a client that comes with nothing is told where to learn who issues tokens", async () => {
  const refused = await fetch(new URL("/delegations", server.issuer));
  const challenge = refused.headers.get("www-authenticate") ?? "";
  assert.match(challenge, /^DPoP .*resource_metadata="/);
  const resource = new URL(server.issuer);
  const described = await oauth.resourceDiscoveryRequest(resource, plain);
  const metadata = await oauth.processResourceDiscoveryResponse(resource, described);
  assert.deepEqual(metadata.authorization_servers, [server.issuer]);
  assert.equal(metadata.dpop_bound_access_tokens_required, true);
});
