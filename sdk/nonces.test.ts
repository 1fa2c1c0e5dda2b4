import assert from "node:assert/strict";
import { test } from "node:test";
import { agentOf } from "./agent.ts";
import { args, billing, refusedWith, url } from "./billing-of-tests.ts";
import { Refused } from "./errors.ts";
import { instanceOf } from "./instance.ts";
import { handClock, issuer, resource, tool } from "./issuer-of-tests.ts";
import { makeKey } from "./key.ts";
import { createNonces, withNonce } from "./nonces.ts";
import { createProofNonces } from "./proof-nonces.ts";
import { RequestRefused } from "./refusal.ts";
import { resourceMetadata } from "./resource-metadata.ts";

const tokenEndpoint = `${issuer}/oauth/token`;
const answering = (nonce: string) => new Response(null, { headers: { "dpop-nonce": nonce } });

const nonceIn = (proof: string): string | undefined =>
  JSON.parse(Buffer.from(proof.split(".")[1] ?? "", "base64url").toString()).nonce;

test("the nonces of a token endpoint and of the rest of its server are kept apart", () => {
  const nonces = createNonces(tokenEndpoint);
  nonces.hear(tokenEndpoint, answering("as"));
  nonces.hear(`${issuer}/tasks`, answering("rs"));
  nonces.hear(url, answering("other"));
  assert.deepEqual(
    [tokenEndpoint, `${issuer}/delegations?after=1`, resource].map((each) => nonces.at(each)),
    ["as", "rs", "other"],
  );
});

test("what is no nonce is not signed, and not many servers are remembered", () => {
  const nonces = createNonces(tokenEndpoint);
  for (const text of ["", 'a"b', "a b", "a\\b", "x".repeat(257)]) nonces.hear(url, answering(text));
  assert.equal(nonces.at(url), undefined);
  nonces.hear(url, answering("n"));
  for (let i = 0; i < 100; i++) nonces.hear(`https://${i}.example/`, answering("n"));
  assert.equal(nonces.at(url), undefined);
});

test("a request is sent once more for a nonce, and not for ever", async () => {
  let attempts = 0;
  const demand = () => {
    attempts++;
    return Promise.reject(new Refused("a nonce", { code: "use_dpop_nonce", status: 400 }));
  };
  await assert.rejects(withNonce(demand));
  assert.equal(attempts, 2);
  const other = () => {
    attempts++;
    return Promise.reject(new Refused("no", { code: "invalid_client", status: 401 }));
  };
  await assert.rejects(withNonce(other));
  assert.equal(attempts, 3);
});

test("a token request that is repeated for a nonce carries a new assertion, for each counts once", async () => {
  const sent: { assertion: string; nonce: string | undefined }[] = [];
  const fetch = async (_: unknown, init?: RequestInit) => {
    const proof = (init?.headers as Record<string, string>).DPoP ?? "";
    const assertion = new URLSearchParams(String(init?.body)).get("client_assertion") ?? "";
    sent.push({ assertion, nonce: nonceIn(proof) });
    const headers = { "dpop-nonce": `n${sent.length}`, "content-type": "application/json" };
    return nonceIn(proof) === "n1"
      ? Response.json({ access_token: "t", token_type: "DPoP", expires_in: 300 }, { headers })
      : Response.json({ error: "use_dpop_nonce" }, { status: 400, headers });
  };
  const runtime = { ...handClock(), fetch: fetch as typeof globalThis.fetch };
  const about = { id: issuer, tokenEndpoint, jwksUri: `${issuer}/jwks`, at: (path: string) => issuer + path };
  const instance = instanceOf(runtime, about, "spiffe://example.org/agent/a/1", makeKey());
  assert.equal((await instance.askForToken({ grant_type: "client_credentials" })).token, "t");
  assert.deepEqual(
    sent.map(({ nonce }) => nonce),
    [undefined, "n1"],
  );
  assert.notEqual(sent[0]?.assertion, sent[1]?.assertion);
  assert.equal(instance.nonces.at(tokenEndpoint), "n2");
});

test("an agent's call is made once more for a nonce of the resource, and its next call has it at once", async () => {
  const nonces: (string | undefined)[] = [];
  const fetch = async (_: unknown, init?: RequestInit) => {
    const nonce = nonceIn((init?.headers as Record<string, string>).DPoP ?? "");
    nonces.push(nonce);
    if (nonce === "n1") return new Response("{}");
    const challenge = { "www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "n1" };
    return new Response(null, { status: 401, headers: challenge });
  };
  const runtime = { ...handClock(), fetch: fetch as typeof globalThis.fetch };
  const about = { id: issuer, tokenEndpoint, jwksUri: `${issuer}/jwks`, at: (path: string) => issuer + path };
  const agent = agentOf(instanceOf(runtime, about, "spiffe://example.org/agent/a/1", makeKey()));
  const token = { token: "t", resource, expiresAt: 0, grants: [] };
  assert.equal((await agent.call(token, { url, tool, args })).status, 200);
  assert.equal((await agent.call(token, { url, tool, args })).status, 200);
  assert.deepEqual(nonces, [undefined, "n1", "n1"]);
});

test("a service that demands nonces says so with the one to use, and hands out the next with each answer", async () => {
  const clock = handClock();
  const { protector, request, server, recorded } = billing({ nonces: createProofNonces(clock) });
  const refused = await refusedWith(protector.verify(request()), 401, "use_dpop_nonce");
  assert.match(refused.headers["www-authenticate"] ?? "", /^DPoP error="use_dpop_nonce", /);
  const nonce = refused.headers["dpop-nonce"] ?? assert.fail();
  const access = await protector.verify(request(server.issue(), { nonce }));
  assert.equal(access.headers["dpop-nonce"], nonce);
  await refusedWith(protector.verify(request(server.issue(), { nonce: "x" })), 401, "use_dpop_nonce");
  clock.move(60_000);
  await protector.verify(request(server.issue(), { nonce }));
  clock.move(60_000);
  await refusedWith(protector.verify(request(server.issue(), { nonce })), 401, "use_dpop_nonce");
  assert.deepEqual(recorded, []);
});

test("a challenge names where the resource describes itself, whatever it is for", async () => {
  const { url: metadataUrl } = resourceMetadata({ resource, issuer });
  assert.equal(metadataUrl, "http://localhost:4700/.well-known/oauth-protected-resource/billing");
  const { protector, request } = billing({ metadataUrl });
  const named = new RegExp(`, resource_metadata="${metadataUrl}"$`);
  for (const attempt of [
    () => protector.verify({ ...request(), authorization: undefined }),
    () => protector.verify({ ...request(), dpop: undefined }),
    async () =>
      (await protector.verify(request(undefined, {}, { tool: "billing/other", args }))).run(async () => 1),
  ]) {
    const refused = await attempt().catch((cause) => cause);
    assert.ok(refused instanceof RequestRefused);
    assert.match(refused.headers["www-authenticate"] ?? "", named);
  }
});

test("a resource describes itself at the well-known address between its host and its path", () => {
  const at = (about: string) => resourceMetadata({ resource: about, issuer });
  const { url: whole, path, document } = at("https://h.example/public/mcp");
  assert.equal(whole, "https://h.example/.well-known/oauth-protected-resource/public/mcp");
  assert.equal(path, "/.well-known/oauth-protected-resource/public/mcp");
  assert.deepEqual(
    [document.resource, document.authorization_servers],
    ["https://h.example/public/mcp", [issuer]],
  );
  assert.equal(at("https://h.example").path, "/.well-known/oauth-protected-resource");
  assert.equal(at("https://h.example/a?b=c").path, "/.well-known/oauth-protected-resource/a?b=c");
  for (const wrong of ["https://h.example/#x", "https://h.example/#", "ftp://h.example/", "/mcp"])
    assert.throws(() => at(wrong), TypeError);
});
