import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Base64url } from "@countersign/proof/digest";
import { createDpopProof } from "@countersign/proof/dpop";
import { canonicalize } from "@countersign/proof/jcs";
import { args, billing, livingFeed, refusedWith, url } from "./billing-of-tests.ts";
import { Unreachable } from "./errors.ts";
import { followFeed } from "./feed.ts";
import { grantOf, handClock, issuer, resource, scriptedFeed, testIssuer, tool } from "./issuer-of-tests.ts";
import { makeKey } from "./key.ts";
import { protect } from "./protect.ts";
import { RequestRefused } from "./refusal.ts";
import { createReplayMemory } from "./replay-memory.ts";
import type { Use } from "./uses.ts";

test("a request without a token is told which scheme to use, and nothing else", async () => {
  const { protector, request } = billing();
  const refused = await refusedWith(
    protector.verify({ ...request(), authorization: undefined }),
    401,
    undefined,
  );
  assert.equal(refused.headers["www-authenticate"], 'DPoP algs="ES256 EdDSA"');
});

test("a bound token under the scheme Bearer is refused", async () => {
  const { protector, server, request } = billing();
  const bearer = { ...request(), authorization: [`Bearer ${server.issue()}`] };
  const refused = await refusedWith(protector.verify(bearer), 401, "invalid_token");
  assert.match(
    refused.headers["www-authenticate"] ?? "",
    /^DPoP error="invalid_token", error_description="[^"]+", algs=/,
  );
});

test("two Authorization headers are refused", async () => {
  const { protector, server, request } = billing();
  const token = server.issue();
  const twice = { ...request(token), authorization: [`DPoP ${token}`, `DPoP ${token}`] };
  await refusedWith(protector.verify(twice), 400, "invalid_request");
});

test("no proof and two proofs are refused alike", async () => {
  const { protector, request } = billing();
  const good = request();
  const [proof = ""] = good.dpop ?? [];
  await refusedWith(protector.verify({ ...good, dpop: undefined }), 401, "invalid_dpop_proof");
  await refusedWith(protector.verify({ ...good, dpop: [proof, proof] }), 401, "invalid_dpop_proof");
});

test("a proof counts once", async () => {
  const { protector, request } = billing();
  const once = request();
  await protector.verify(once);
  await refusedWith(protector.verify(once), 401, "invalid_dpop_proof");
});

test("a request that was captured runs at no other copy of the service where the control plane is asked first", async () => {
  const spent = new Set<string | undefined>();
  const begin = async ({ jti, proof }: Use): Promise<void> => {
    if (proof === undefined || spent.has(jti + proof))
      throw new RequestRefused("invalid_dpop_proof", "Used.");
    spent.add(jti + proof);
  };
  const { copy, protector, request, recorded, withClaims } = billing({ askFirst: true, begin });
  for (const captured of [request(), withClaims({ per_call: true })]) {
    await (await protector.verify(captured)).run(async () => 1);
    const again = await copy().verify(captured);
    await refusedWith(
      again.run(async () => assert.fail("it ran twice")),
      401,
      "invalid_dpop_proof",
    );
    await (await copy().verify(request())).run(async () => 1);
  }
  assert.deepEqual([...new Set(recorded)], [`called ${tool} counted`, "returned"]);
});

test("what is turned away with a token of the issuer's is told to it, and what strangers send is not", async () => {
  const { protector, request, server, withClaims, recorded } = billing();
  const once = request(server.issue({ jti: "jti_once" }));
  await protector.verify(once);
  await assert.rejects(protector.verify(once));
  await assert.rejects(
    protector.verify(withClaims({ jti: "jti_elsewhere", aud: "https://elsewhere.example" })),
  );
  await assert.rejects(protector.verify(request(testIssuer(handClock()).issue())));
  assert.deepEqual(recorded, ["refused invalid_dpop_proof jti_once", "refused invalid_token jti_elsewhere"]);
});

test("a proof does not count again for as long as its age would let it", async () => {
  const { protector, request, clock } = billing();
  const once = request();
  await protector.verify(once);
  for (let second = 0; second < 90; second += 3) {
    clock.move(3_000);
    await refusedWith(protector.verify(once), 401, "invalid_dpop_proof");
  }
});

test("a proof by another key than the token's is refused", async () => {
  const { protector, request, server } = billing();
  const thief = request(server.issue(), { key: makeKey().privateKey });
  await refusedWith(protector.verify(thief), 401, "invalid_dpop_proof");
});

test("a proof for other arguments, another tool, another method or another URL is refused", async () => {
  const { protector, request, server } = billing();
  const elsewhere = [
    { argsHash: sha256Base64url(canonicalize({ quarter: "2026-Q2" })) },
    { tool: "billing/applyCredit" },
    { method: "GET" },
    { url: `${resource}/applyCredit` },
    { tool: undefined, argsHash: undefined },
  ];
  for (const proof of elsewhere) {
    await refusedWith(protector.verify(request(server.issue(), proof)), 401, "invalid_dpop_proof");
  }
});

test("a token for another audience is refused, and says so", async () => {
  const { protector, withClaims } = billing();
  const other = withClaims({ aud: "http://localhost:4700/cloud" });
  const refused = await refusedWith(protector.verify(other), 401, "invalid_token");
  assert.match(refused.message, /another resource/);
});

test("a token by another issuer, or signed by a stranger, is refused", async () => {
  const { protector, withClaims, request, clock } = billing();
  await refusedWith(protector.verify(withClaims({ iss: "http://localhost:4601" })), 401, "invalid_token");
  await refusedWith(protector.verify(request(testIssuer(clock).issue())), 401, "invalid_token");
});

test("an expired token is refused in the second in which it expires", async () => {
  const { protector, server, request, clock } = billing();
  const token = server.issue({ exp: Math.floor(clock.now() / 1000) + 2 });
  clock.move(1_999);
  await protector.verify(request(token));
  clock.move(1);
  await refusedWith(protector.verify(request(token)), 401, "invalid_token");
});

test("a token is refused when any key that kills it is dead", async () => {
  for (const dead of ["task:task_1", "edge:edge_1", "kid:k1"]) {
    const { protector, request } = billing({
      feed: { ...livingFeed, isDead: (keys: string[] = []) => keys.includes(dead) },
    });
    const refused = await refusedWith(protector.verify(request()), 401, "invalid_token");
    assert.match(refused.message, /revoked/);
  }
});

test("without a fresh feed nothing is let through, whatever it brings", async () => {
  const { protector, request } = billing({ feed: { ...livingFeed, isFresh: () => false } });
  const refused = await refusedWith(protector.verify(request()), 503, "temporarily_unavailable");
  assert.deepEqual(refused.headers, { "retry-after": "2" });
  assert.match(refused.message, /revocation feed/);
});

test("a feed that was not heard for ten seconds refuses, and lets through again once it is heard", async () => {
  const clock = handClock();
  const script = scriptedFeed();
  const following = followFeed(clock, script.source);
  await script.say({ kind: "head", head: 0, at: clock.now() });
  const feed = await following;
  const server = testIssuer(clock);
  const uses = { begin: async () => {}, end: () => {}, refused: () => {}, settled: async () => {} };
  const protector = protect({
    runtime: clock,
    issuer,
    resource,
    keys: server.keys,
    feed,
    uses,
    proofs: createReplayMemory(9),
  });
  const { request } = billing();
  const mine = () => {
    const token = server.issue();
    const argsHash = sha256Base64url(canonicalize(args));
    const key = server.holder.privateKey;
    const proof = {
      key,
      method: "POST",
      url,
      accessToken: token,
      now: clock.now(),
      jti: crypto.randomUUID(),
      tool,
      argsHash,
    };
    return { ...request(), authorization: [`DPoP ${token}`], dpop: [createDpopProof(proof)] };
  };
  await protector.verify(mine());
  clock.move(10_001);
  await refusedWith(protector.verify(mine()), 503, "temporarily_unavailable");
  await script.say({ kind: "head", head: 0, at: clock.now() });
  await protector.verify(mine());
  feed.close();
  await refusedWith(protector.verify(mine()), 503, "temporarily_unavailable");
});

test("without the issuer's keys nothing is let through", async () => {
  const keys = { hear: () => {}, verifyWith: () => Promise.reject(new Unreachable("away")) };
  const { protector, request } = billing({ keys });
  await refusedWith(protector.verify(request()), 503, "temporarily_unavailable");
});

test("a resource that wants its person proven, and lately, says so to the client whose token does not show it", async () => {
  const passkey = "urn:countersign:acr:passkey";
  const { protector, server, request, clock } = billing({
    authentication: { acr_values: [passkey], max_age: 300 },
  });
  const now = Math.floor(clock.now() / 1000);
  await protector.verify(request(server.issue({ acr: passkey, auth_time: now - 300 })));
  const unproven = [
    {},
    { acr: passkey },
    { auth_time: now },
    { acr: "urn:countersign:acr:session", auth_time: now },
    { acr: "phr", auth_time: now },
    { acr: passkey, auth_time: now - 301 },
  ];
  for (const claims of unproven) {
    const refused = await refusedWith(
      protector.verify(request(server.issue(claims))),
      401,
      "insufficient_user_authentication",
    );
    assert.match(
      refused.headers["www-authenticate"] ?? "",
      /^DPoP error="insufficient_user_authentication", .*acr_values="urn:countersign:acr:passkey", max_age="300"/,
    );
  }
});

test("a grant that asks how the person proved herself lets a call pass where the token says that she did", async () => {
  const { protector, server, request } = billing();
  const demanding = (acr: string) => ({ authorization_details: [{ ...grantOf(tool), acr }] });
  const run = async (claims: object): Promise<number> =>
    (await protector.verify(request(server.issue(claims)))).run(async () => 1);
  const passkey = "urn:countersign:acr:passkey";
  assert.equal(await run({ ...demanding(passkey), acr: passkey }), 1);
  assert.equal(await run({ ...demanding("urn:countersign:acr:session"), acr: passkey }), 1);
  await refusedWith(run(demanding(passkey)), 401, "insufficient_user_authentication");
  await refusedWith(run({ ...demanding("mfa"), acr: passkey }), 401, "insufficient_user_authentication");
});
