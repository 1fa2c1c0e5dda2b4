/** What every client does: reads the metadata, asks for tokens, and is told no in the words of the specifications. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { clientAssertionType, createClientAssertion } from "@countersign/proof/client-assertion";
import * as oauth from "oauth4webapi";
import type { Report } from "../report.ts";
import { claimsOf, grantOf, LEDGER } from "../workloads.ts";
import { cryptoKeysOf, discover, errorOf, plain } from "./outsider.ts";
import type { Setting } from "./setting.ts";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const DELEGATION = "urn:countersign:params:oauth:token-type:delegation";
const CREDENTIALS = "client_credentials";

export async function clientCredentials(report: Report, on: Setting): Promise<void> {
  const { outsider, server } = on;
  const asked = { resource: LEDGER, authorization_details: JSON.stringify([grantOf()]) };
  await report.case("RFC 8414: the metadata is this issuer's, and names what the cases use", async () => {
    const as = await discover(server.issuer);
    assert.equal(as.issuer, server.issuer);
    assert.deepEqual(as.dpop_signing_alg_values_supported, ["ES256", "EdDSA"]);
    for (const grantType of [CREDENTIALS, EXCHANGE]) assert(as.grant_types_supported?.includes(grantType));
    assert(!as.token_endpoint_auth_methods_supported?.some((method) => method.startsWith("client_secret")));
  });
  await report.case(
    "RFC 6749 §4.4: client credentials, bound by DPoP, for the issuer's own API",
    async () => {
      const answer = await outsider.ask(CREDENTIALS, { resource: server.issuer });
      assert.equal(answer.token_type, "dpop");
      const { sub, client_id, aud } = claimsOf(answer.access_token);
      assert.deepEqual([sub, client_id, aud], [on.agent.id, on.agent.id, server.issuer]);
    },
  );
  await report.case(
    "RFC 9396 §7: the answer says what was granted, and the token as well (§9.1)",
    async () => {
      const answer = await outsider.ask(CREDENTIALS, asked);
      const { authorization_details: claimed } = claimsOf(answer.access_token);
      assert.deepEqual(answer.authorization_details, claimed);
      assert.deepEqual(claimed, [grantOf()]);
    },
  );
  await report.case(
    "RFC 9068 §4: the token holds for a resource server that reads nothing but our keys",
    async () => {
      const answer = await outsider.ask(CREDENTIALS, asked);
      const url = new URL(`${LEDGER}/post`);
      const handle = outsider.dpop();
      let seen: Request | undefined;
      const intercept: typeof fetch = async (input, init) => {
        seen = new Request(input as string, init);
        return new Response("{}");
      };
      await oauth.protectedResourceRequest(answer.access_token, "POST", url, new Headers(), undefined, {
        DPoP: handle,
        [oauth.customFetch]: intercept as never,
      });
      assert(seen);
      const claims = await oauth.validateJwtAccessToken(outsider.as, seen, LEDGER, {
        requireDPoP: true,
        ...plain,
      });
      assert.equal(claims.client_id, on.agent.id);
    },
  );
  await refusedRequests(report, on, asked);
}

async function refusedRequests(report: Report, on: Setting, asked: Record<string, string>): Promise<void> {
  const { outsider, server } = on;
  const refused: [name: string, grantType: string, form: Record<string, string>, error: string][] = [
    ["RFC 6749 §5.2: a grant type that is none", "password", {}, "unsupported_grant_type"],
    ["RFC 6749 §5.2: a scope, which is nothing here", CREDENTIALS, { scope: "everything" }, "invalid_scope"],
    [
      "RFC 8707 §2: a resource that nobody registered",
      CREDENTIALS,
      { ...asked, resource: "https://nowhere.example" },
      "invalid_target",
    ],
    [
      "RFC 8707 §2: a resource with a fragment",
      CREDENTIALS,
      { ...asked, resource: `${LEDGER}#x` },
      "invalid_target",
    ],
    [
      "RFC 9396 §5: details of a type that is none",
      CREDENTIALS,
      { ...asked, authorization_details: '[{"type":"all"}]' },
      "invalid_authorization_details",
    ],
    [
      "RFC 9396 §5: a member that is not known",
      CREDENTIALS,
      { ...asked, authorization_details: JSON.stringify([grantOf({ besides: 1 })]) },
      "invalid_authorization_details",
    ],
    [
      "RFC 9396 §5: details that are no JSON",
      CREDENTIALS,
      { ...asked, authorization_details: "[{" },
      "invalid_authorization_details",
    ],
  ];
  for (const [name, grantType, form, error] of refused) {
    await report.case(`${name} is ${error}`, async () => {
      assert.deepEqual(await errorOf(outsider.ask(grantType, form)), { error, status: 400 });
    });
  }
  await report.case(
    "RFC 6749 §5.2: a key that nobody enrolled is invalid_client, with status 401",
    async () => {
      const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
      const { as, client } = outsider;
      const pair = cryptoKeysOf(stranger);
      const step = async () => {
        const options = { DPoP: oauth.DPoP(client, pair), ...plain };
        const asking = oauth.clientCredentialsGrantRequest(
          as,
          client,
          oauth.PrivateKeyJwt(pair.privateKey),
          {},
          options,
        );
        return oauth.processClientCredentialsResponse(as, client, await asking);
      };
      assert.deepEqual(await errorOf(step()), { error: "invalid_client", status: 401 });
    },
  );
  await report.case("RFC 7523 §3: an assertion counts once, on whatever server", async () => {
    const { id, key } = on.agent;
    const made = {
      clientId: id,
      issuer: server.issuer,
      key: key.privateKey,
      now: Date.now(),
      jti: "only-once",
    };
    const assertion = createClientAssertion(made);
    const same: oauth.ClientAuth = (_as, _client, body) => {
      body.set("client_assertion_type", clientAssertionType);
      body.set("client_assertion", assertion);
    };
    const ask = async () => {
      const options = { DPoP: outsider.dpop(), ...plain };
      const { as, client } = outsider;
      const asking = oauth.clientCredentialsGrantRequest(
        as,
        client,
        same,
        { resource: server.issuer },
        options,
      );
      return oauth.processClientCredentialsResponse(as, client, await asking);
    };
    await ask();
    assert.deepEqual(await errorOf(ask()), { error: "invalid_client", status: 401 });
  });
  await report.case("RFC 9449 §5: without a proof there is no token", async () => {
    const { as, client, authentication } = outsider;
    const step = async () => {
      const asking = oauth.clientCredentialsGrantRequest(
        as,
        client,
        authentication,
        { resource: server.issuer },
        plain,
      );
      return oauth.processClientCredentialsResponse(as, client, await asking);
    };
    assert.deepEqual(await errorOf(step()), { error: "invalid_dpop_proof", status: 400 });
  });
}

export async function tokenExchange(report: Report, on: Setting): Promise<void> {
  const { outsider, resourceServer, administrator, server } = on;
  const { delegation } = await on.openTask();
  const { access_token: actor } = await outsider.ask(CREDENTIALS, { resource: server.issuer });
  const form = {
    subject_token: delegation,
    subject_token_type: DELEGATION,
    actor_token: actor,
    actor_token_type: ACCESS_TOKEN,
    resource: LEDGER,
  };
  await report.case(
    "RFC 8693 §2: an exchange makes a token for the person, with the agent as the actor",
    async () => {
      const answer = await outsider.ask(EXCHANGE, form);
      assert.equal(answer.issued_token_type, ACCESS_TOKEN);
      assert.equal(answer.refresh_token, undefined);
      const { sub, act, client_id } = claimsOf(answer.access_token);
      assert.deepEqual([sub, client_id], [administrator.person, on.agent.id]);
      assert.equal((act as { sub?: string }).sub, "posting-agent");
    },
  );
  await report.case(
    "RFC 8693 §2.2.2: another client's actor token is invalid_request, and makes nothing",
    async () => {
      const { access_token: theirs } = await resourceServer.ask(CREDENTIALS, { resource: server.issuer });
      const spliced = outsider.ask(EXCHANGE, { ...form, actor_token: theirs });
      assert.deepEqual(await errorOf(spliced), { error: "invalid_request", status: 400 });
    },
  );
  await report.case("RFC 8693 §2.2.2: a subject token that is none is invalid_request", async () => {
    const forged = outsider.ask(EXCHANGE, { ...form, subject_token: actor });
    assert.deepEqual(await errorOf(forged), { error: "invalid_request", status: 400 });
  });
  await report.case("within a task there is no authority of one's own at the same resource", async () => {
    const own = outsider.ask(CREDENTIALS, {
      resource: LEDGER,
      authorization_details: JSON.stringify([grantOf()]),
    });
    assert.deepEqual(await errorOf(own), { error: "unauthorized_client", status: 400 });
  });
  await report.case("when the task is closed, its delegation is worth nothing", async () => {
    const ended = await on.openTask();
    await on.service.ask("POST", `/tasks/${ended.task}/close`, {});
    const late = outsider.ask(EXCHANGE, { ...form, subject_token: ended.delegation });
    assert.deepEqual(await errorOf(late), { error: "invalid_request", status: 400 });
  });
}

export async function revocation(report: Report, on: Setting): Promise<void> {
  const { outsider, resourceServer, server } = on;
  const { as, client, authentication } = outsider;
  const askTheApi = (token: string) =>
    oauth.protectedResourceRequest(
      token,
      "GET",
      new URL(`${server.issuer}/delegations`),
      undefined,
      undefined,
      {
        DPoP: outsider.dpop(),
        ...plain,
      },
    );
  const giveBack = async (token: string, by: typeof outsider = outsider) =>
    oauth.processRevocationResponse(
      await oauth.revocationRequest(by.as, by.client, by.authentication, token, plain),
    );
  await report.case("RFC 7009 §2: a token that is given back opens nothing any more", async () => {
    const { access_token } = await outsider.ask(CREDENTIALS, { resource: server.issuer });
    assert.equal((await askTheApi(access_token)).status, 200);
    await giveBack(access_token);
    assert.equal((await errorOf(askTheApi(access_token))).status, 401);
  });
  await report.case("RFC 7009 §2.1: another client's token stays, and the answer is the same", async () => {
    const { access_token } = await outsider.ask(CREDENTIALS, { resource: server.issuer });
    await giveBack(access_token, resourceServer);
    assert.equal((await askTheApi(access_token)).status, 200);
  });
  await report.case("RFC 7009 §2.2: what is no token at all is answered as if it had been one", async () => {
    const asked = oauth.revocationRequest(as, client, authentication, "not.a.token", plain);
    await oauth.processRevocationResponse(await asked);
  });
}
