import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { sha256Base64url } from "@countersign/proof/digest";
import { type JsonObject, parseStrict } from "@countersign/proof/jcs";
import { importPublicJwk, parsePublicJwk } from "@countersign/proof/jwk";
import { claimsOf, verifyCompact } from "@countersign/proof/jws";
import { attestWithPlatform } from "./attest.ts";
import { Refused, Unreachable } from "./errors.ts";
import { handClock, issuer } from "./issuer-of-tests.ts";
import { azureToken, gcpToken, githubToken, kubernetesToken } from "./platform-token.ts";

const audience = "https://countersign.example.com/attest/unguessable";
const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";

/** What a platform's own service answers, and what it was asked. */
let answer: { status: number; body: string; location?: string };
let asked: { url: URL; headers: IncomingHttpHeaders }[];
const service = createServer((request, response) => {
  asked.push({ url: new URL(request.url ?? "", "http://localhost"), headers: request.headers });
  response.writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location });
  response.end(answer.body);
});
let baseUrl: string;
before(async () => {
  await new Promise<void>((listening) => service.listen(0, "127.0.0.1", listening));
  baseUrl = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
});
after(() => service.close());
beforeEach(() => {
  asked = [];
  answer = { status: 200, body: token };
});

test("a job of GitHub asks where its environment says, for this audience", async () => {
  answer.body = JSON.stringify({ count: 1, value: token });
  const env = {
    ACTIONS_ID_TOKEN_REQUEST_URL: `${baseUrl}/idtoken?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "of-the-job",
  };
  assert.equal(await githubToken({ audience, env }), token);
  const [{ url, headers } = assert.fail()] = asked;
  assert.equal(url.searchParams.get("audience"), audience);
  assert.equal(url.searchParams.get("api-version"), "2.0");
  assert.equal(headers.authorization, "Bearer of-the-job");
  await assert.rejects(githubToken({ audience, env: {} }), Unreachable);
});

test("a machine of Google's cloud asks for all of it", async () => {
  assert.equal(await gcpToken({ audience, baseUrl }), token);
  const [{ url, headers } = assert.fail()] = asked;
  assert.equal(url.searchParams.get("format"), "full");
  assert.equal(url.searchParams.get("audience"), audience);
  assert.equal(headers["metadata-flavor"], "Google");
});

test("a machine of Azure asks for its identity's token for this audience", async () => {
  answer.body = JSON.stringify({ access_token: token, token_type: "Bearer" });
  assert.equal(await azureToken({ audience, clientId: "one-of-several", baseUrl }), token);
  const [{ url, headers } = assert.fail()] = asked;
  assert.equal(url.searchParams.get("resource"), audience);
  assert.equal(url.searchParams.get("client_id"), "one-of-several");
  assert.equal(headers.metadata, "true");
});

test("a pod reads its file each time", async () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-test-"));
  try {
    const file = join(folder, "token");
    writeFileSync(file, `${token}\n`);
    assert.equal(await kubernetesToken(file), token);
    writeFileSync(file, "");
    await assert.rejects(kubernetesToken(file), Unreachable);
    await assert.rejects(kubernetesToken(join(folder, "none")), Unreachable);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("an answer that is no token, a refusal and a redirect are no token", async () => {
  const wrong = [
    { status: 200, body: "not a token" },
    { status: 200, body: "x".repeat(20_000) },
    { status: 403, body: token },
    { status: 302, body: "", location: `${baseUrl}/elsewhere` },
  ];
  for (const each of wrong) {
    answer = each;
    await assert.rejects(gcpToken({ audience, baseUrl }), Unreachable, String(each.status));
  }
  assert.ok(!asked.some(({ url }) => url.pathname === "/elsewhere"));
});

test("a process attests with a key that it made, proven together with this token alone", async () => {
  const sent: { url: string; body: JsonObject }[] = [];
  const replies: [number, JsonObject][] = [
    [200, { issuer, token_endpoint: `${issuer}/oauth/token`, jwks_uri: `${issuer}/oauth/jwks` }],
    [201, { instance: "spiffe://example.org/agent/planner/platform-1", expires: 5_000 }],
  ];
  const fetch = async (url: unknown, init: RequestInit = {}): Promise<Response> => {
    sent.push({ url: String(url), body: parseStrict(String(init.body ?? "{}")) as JsonObject });
    const [status, body] = replies.shift() ?? [
      401,
      { type: "urn:countersign:problem:unauthenticated", reason: "replayed" },
    ];
    return new Response(JSON.stringify(body), { status });
  };
  const runtime = { ...handClock(), fetch: fetch as typeof globalThis.fetch };
  const offered = { issuer, platform: "builds", token, agent: "planner", runtime };
  const { id, expiresAt } = await attestWithPlatform(offered);
  assert.deepEqual([id, expiresAt], ["spiffe://example.org/agent/planner/platform-1", 5_000]);
  const { url, body } = sent[1] ?? assert.fail();
  assert.equal(url, `${issuer}/attest`);
  assert.deepEqual([body.platform, body.token, body.agent], ["builds", token, "planner"]);
  const key = importPublicJwk(parsePublicJwk(body.jwk ?? null));
  const claims = claimsOf(
    verifyCompact(String(body.proof), { key, typ: "enrol+jwt", algs: ["ES256"] }).payload,
  );
  assert.deepEqual([claims.aud, claims.token_hash], [issuer, sha256Base64url(token)]);
  replies.unshift([
    200,
    { issuer, token_endpoint: `${issuer}/oauth/token`, jwks_uri: `${issuer}/oauth/jwks` },
  ]);
  await assert.rejects(
    attestWithPlatform(offered),
    (error) => error instanceof Refused && error.members.reason === "replayed",
  );
});
