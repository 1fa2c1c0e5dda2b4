/**
 * A program that a person starts, and that asks her for authority: code, PKCE, a key of its own, and a refresh token,
 * all by the outside library. Only she is scripted: she signs in, reads, leaves what she would give, and signs it.
 */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import * as oauth from "oauth4webapi";
import type { Report } from "../report.ts";
import { claimsOf, grantOf, LEDGER } from "../workloads.ts";
import { cryptoKeysOf, discover, errorOf, plain, withNonce } from "./outsider.ts";
import type { Setting } from "./setting.ts";

/** What policy lets a program have that nobody has attested. */
export const READING = grantOf({ identifier: "ledger/read" });
export const CALLBACK = "http://127.0.0.1:33418/callback";

/** One attempt of the program: its key, its secret, its state. */
interface Attempt {
  readonly as: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly dpop: oauth.DPoPHandle;
  readonly verifier: string;
  readonly state: string;
}

export async function authorizationCode(report: Report, on: Setting): Promise<void> {
  await registerClient(on);
  await report.case("RFC 7636: code, PKCE and DPoP make a token of hers, for what she left", async () => {
    const attempt = await attemptOf(on);
    const answer = await redeemed(attempt, await answered(on, attempt));
    const { sub, aud, act, acr, authorization_details } = claimsOf(answer.access_token);
    assert.deepEqual([sub, aud, authorization_details], [on.administrator.person, LEDGER, [READING]]);
    assert.equal((act as { sub?: string }).sub, "desk-assistant");
    assert.equal(acr, "urn:countersign:acr:passkey");
    assert.equal(answer.token_type, "dpop");
  });
  await report.case("RFC 6749 §6: a refresh token makes another token, and is another one then", async () => {
    const attempt = await attemptOf(on);
    const first = await redeemed(attempt, await answered(on, attempt));
    const second = await refreshed(attempt, String(first.refresh_token));
    assert.notEqual(second.refresh_token, first.refresh_token);
    const again = refreshed(attempt, String(first.refresh_token));
    assert.deepEqual(await errorOf(again), { error: "invalid_grant", status: 400 });
    const dead = refreshed(attempt, String(second.refresh_token));
    assert.deepEqual(await errorOf(dead), { error: "invalid_grant", status: 400 }, "reuse ends them all");
  });
  await report.case(
    "RFC 6749 §4.1.2: a code that comes again is invalid_grant, and ends what it made",
    async () => {
      const attempt = await attemptOf(on);
      const answer = await answered(on, attempt);
      const { refresh_token } = await redeemed(attempt, answer);
      assert.deepEqual(await errorOf(redeemed(attempt, answer)), { error: "invalid_grant", status: 400 });
      const later = refreshed(attempt, String(refresh_token));
      assert.deepEqual(await errorOf(later), { error: "invalid_grant", status: 400 });
    },
  );
  await report.case("RFC 7636 §4.6: a stolen code without its verifier is invalid_grant", async () => {
    const attempt = await attemptOf(on);
    const answer = await answered(on, attempt);
    const thief = { ...attempt, verifier: oauth.generateRandomCodeVerifier() };
    assert.deepEqual(await errorOf(redeemed(thief, answer)), { error: "invalid_grant", status: 400 });
  });
  await report.case("RFC 9207: the answer names this issuer, so that no other can be mixed in", async () => {
    const attempt = await attemptOf(on);
    const redirect = await redirectOf(on, attempt);
    assert.equal(redirect.searchParams.get("iss"), on.server.issuer);
  });
  await report.case("RFC 6749 §3.1.2.4: an address that is not registered is never sent to", async () => {
    const attempt = await attemptOf(on);
    const query = await requestOf(attempt, { redirect_uri: "https://evil.example/callback" });
    const answer = await fetch(`${attempt.as.authorization_endpoint}?${query}`, { redirect: "manual" });
    assert.equal(answer.status, 400);
    assert.equal(answer.headers.get("location"), null);
  });
  await report.case(
    "RFC 7636 §4.4.1: a request without a challenge, or with a plain one, goes back refused",
    async () => {
      for (const more of [{ code_challenge: "" }, { code_challenge_method: "plain" }]) {
        const attempt = await attemptOf(on);
        const query = await requestOf(attempt, more);
        const answer = await fetch(`${attempt.as.authorization_endpoint}?${query}`, { redirect: "manual" });
        const back = new URL(answer.headers.get("location") ?? "");
        assert.equal(back.searchParams.get("error"), "invalid_request");
        assert.throws(
          () => oauth.validateAuthResponse(attempt.as, attempt.client, back, attempt.state),
          oauth.AuthorizationResponseError,
        );
      }
    },
  );
}

/** The client, the tool that it may read with, and a person who has that to give. */
export async function registerClient({ administrator }: Setting): Promise<void> {
  await administrator.put("/servers/ledger/tools/read", {
    description: "Reads.",
    labels: ["read"],
    inputSchema: { type: "object", properties: {} },
  });
  await administrator.put("/groups/readers", { grants: [READING] });
  const joined = await administrator.ask("PATCH", `/people/${administrator.person}`, {
    groups: ["posters", "readers"],
  });
  assert.equal(joined.status, 200, String(joined.body));
  await administrator.post("/agents", {
    name: "desk-assistant",
    class: "operations",
    purpose: "Works beside people.",
    environment: "development",
    owner: administrator.person,
    grants: [READING],
    client: { redirect_uris: [CALLBACK] },
  });
}

async function attemptOf({ server }: Setting): Promise<Attempt> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const client: oauth.Client = { client_id: "desk-assistant" };
  return {
    as: await discover(server.issuer),
    client,
    dpop: oauth.DPoP(client, cryptoKeysOf(privateKey)),
    verifier: oauth.generateRandomCodeVerifier(),
    state: oauth.generateRandomState(),
  };
}

async function requestOf(
  { client, dpop, verifier, state }: Attempt,
  more: Record<string, string> = {},
): Promise<URLSearchParams> {
  return new URLSearchParams({
    client_id: client.client_id,
    response_type: "code",
    redirect_uri: CALLBACK,
    state,
    resource: LEDGER,
    authorization_details: JSON.stringify([READING]),
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    dpop_jkt: await dpop.calculateThumbprint(),
    ...more,
  });
}

/** She is sent to us, reads what is asked, leaves it all, signs, and is sent back. */
const redirectOf = async (on: Setting, attempt: Attempt): Promise<URL> =>
  givenTo(on, await requestOf(attempt));

export async function givenTo(
  { administrator: { human }, server }: Setting,
  query: URLSearchParams,
): Promise<URL> {
  const sent = await fetch(`${server.issuer}/oauth/authorize?${query}`, { redirect: "manual" });
  assert.equal(sent.status, 303, await sent.text());
  const { id, grants } = await human.browser.send("POST", "/oauth/authorizations", {
    request: String(query),
  });
  const places = (grants as object[]).map((_, place) => place);
  const task = await human.browser.send("POST", `/oauth/authorizations/${id}/task`, { places });
  await human.consent(String(task.id));
  const { redirect } = await human.browser.send("POST", `/oauth/authorizations/${id}/finish`);
  return new URL(String(redirect));
}

/** What the program takes from the answer, once the library has looked at it. */
async function answered(on: Setting, attempt: Attempt): Promise<URLSearchParams> {
  const { as, client, state } = attempt;
  return oauth.validateAuthResponse(as, client, await redirectOf(on, attempt), state);
}

function redeemed({ as, client, dpop, verifier }: Attempt, answer: URLSearchParams) {
  return withNonce(async () => {
    const options = { DPoP: dpop, ...plain };
    const none = oauth.None();
    const asked = oauth.authorizationCodeGrantRequest(as, client, none, answer, CALLBACK, verifier, options);
    return oauth.processAuthorizationCodeResponse(as, client, await asked);
  });
}

function refreshed({ as, client, dpop }: Attempt, refreshToken: string) {
  return withNonce(async () => {
    const options = { DPoP: dpop, ...plain };
    const asked = oauth.refreshTokenGrantRequest(as, client, oauth.None(), refreshToken, options);
    return oauth.processRefreshTokenResponse(as, client, await asked);
  });
}
