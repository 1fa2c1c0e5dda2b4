import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, test } from "node:test";
import type { Json } from "../jcs/index.ts";
import { createKeySet, publicJwkOf, thumbprint } from "../jwk/index.ts";
import { signCompact } from "../jws/index.ts";
import type { VerificationCode } from "../verification-error.ts";
import { type Half, halves } from "../web/test-halves.ts";
import {
  type AccessTokenClaims,
  type Act,
  isAtLeast,
  issueAccessToken,
  maximumActors,
  parseAct,
  strengths,
} from "./index.ts";

const issuer = "https://auth.example";
const audience = "https://gate.example/mcp/finance";
const now = 1_700_000_000_000;
const seconds = now / 1000;
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const edwards = generateKeyPairSync("ed25519");
const keys = createKeySet({
  keys: [
    { ...publicJwkOf(publicKey), kid: "k1" },
    { ...publicJwkOf(edwards.publicKey), kid: "k2" },
  ],
});
const expected = { issuer, audience, keys, now };

const key = thumbprint(publicJwkOf(publicKey));
const required: AccessTokenClaims = {
  iss: issuer,
  sub: "person_1",
  aud: audience,
  client_id: "spiffe://example.org/agent/cost-agent/i1",
  iat: seconds,
  exp: seconds + 300,
  jti: "jti-1",
  cnf: { jkt: key },
  authorization_details: [
    {
      type: "agent_tool",
      locations: [audience],
      actions: ["tools/call"],
      identifier: "finance/approveExpense",
      args: { amount: { op: "range", min: 0, max: 20000 } },
    },
  ],
  rev: [
    "task:task_1",
    "edge:edge_1",
    "instance:spiffe://example.org/agent/cost-agent/i1",
    "agent:cost-agent#3",
  ],
  strength: "enrolled-key",
};
const full: AccessTokenClaims = {
  ...required,
  act: { iss: issuer, sub: "cost-agent", act: { sub: "planner" } },
  chain: [
    { edge: "edge_0", agent: "planner" },
    { edge: "edge_1", agent: "cost-agent" },
  ],
  task: "task_1",
  purpose: "close the quarter",
  agent: "cost-agent",
  agent_class: "finance",
  agent_version: "1.2.3",
  environment: "production",
  region: "eu",
  instance: "spiffe://example.org/agent/cost-agent/i1",
  model: "sha256:abc",
  policy_version: "pv_1",
  decision: "dec_1",
  chain_hash: "hash",
  approval: "apr_1",
  acr: "urn:acr:phr",
  auth_time: seconds - 60,
  txn: "task_1",
  image_digest: "sha256:abc",
  model_digest: "sha256:def",
  evidence: "event_1",
  status: { status_list: { idx: 7, uri: `${issuer}/status/1` } },
  wrt: { root: "w-1", leaf: "w-2", h: "hash" },
  per_call: true,
};

function forge(
  changes: Record<string, Json | undefined>,
  header: { typ: string; kid?: string } = { typ: "at+jwt", kid: "k1" },
  key: KeyObject = privateKey,
): string {
  const changed = Object.entries<Json | undefined>({ ...full, ...changes });
  const payload = Object.fromEntries(
    changed.filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
  return signCompact({ header, payload, key });
}

for (const half of halves) describe(half.name, () => promises(half));

function promises({ verifyAccessToken }: Half): void {
  async function refuses(
    token: string,
    code: VerificationCode,
    at: Parameters<typeof verifyAccessToken>[1] = expected,
  ) {
    await assert.rejects(() => verifyAccessToken(token, at), { name: "VerificationError", code });
  }

  test("what is issued is read back, claim for claim", async () => {
    for (const claims of [required, full]) {
      assert.deepEqual(
        await verifyAccessToken(issueAccessToken(claims, { kid: "k1", key: privateKey }), expected),
        claims,
      );
    }
  });

  test("a token by any key but the issuer's under that name is refused", async () => {
    const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    await refuses(forge({}, { typ: "at+jwt", kid: "k1" }, stranger), "bad-signature");
    await refuses(forge({}, { typ: "at+jwt", kid: "k2" }), "wrong-alg");
    await refuses(forge({}, { typ: "at+jwt", kid: "k3" }), "unknown-key");
    await refuses(forge({}, { typ: "at+jwt" }), "unknown-key");
    await verifyAccessToken(forge({}, { typ: "at+jwt", kid: "k2" }, edwards.privateKey), expected);
  });

  test("nothing that the issuer signed for another purpose passes as an access token", async () => {
    for (const typ of [
      "JWT",
      "jwt",
      "delegation+jwt",
      "warrant+jwt",
      "dpop+jwt",
      "client-authentication+jwt",
    ]) {
      await refuses(forge({}, { typ, kid: "k1" }), "wrong-typ");
    }
    await verifyAccessToken(forge({}, { typ: "application/at+jwt", kid: "k1" }), expected);
  });

  test("a token is for one resource only", async () => {
    await verifyAccessToken(forge({ aud: [audience] }), expected);
    assert.equal((await verifyAccessToken(forge({ aud: [audience] }), expected)).aud, audience);
    for (const aud of [
      `${audience}/`,
      "https://gate.example",
      [audience, "x"],
      [audience, audience],
      [],
      [[audience]],
      null,
    ]) {
      await refuses(forge({ aud }), "wrong-audience");
    }
    await refuses(forge({ iss: "https://auth.example/" }), "wrong-issuer");
  });

  test("a token has expired in the very millisecond it says", async () => {
    await verifyAccessToken(forge({}), { ...expected, now: now + 299_999 });
    await refuses(forge({}), "expired", { ...expected, now: now + 300_000 });
    await verifyAccessToken(forge({}), { ...expected, now: now - 30_000 });
    await refuses(forge({}), "not-yet-valid", { ...expected, now: now - 30_001 });
    await refuses(forge({ nbf: seconds + 31 }), "not-yet-valid");
    await refuses(forge({ nbf: "soon" }), "malformed");
  });

  test("what has been revoked kills the token", async () => {
    const asked: string[][] = [];
    const isDead = (rev: string[]) => {
      asked.push(rev);
      return rev.includes("edge:edge_1");
    };
    await refuses(forge({}), "dead", { ...expected, isDead });
    assert.deepEqual(asked, [[...required.rev, "kid:k1"]]);
    await verifyAccessToken(forge({ rev: ["edge:edge_2"] }), { ...expected, isDead });
  });

  test("a token dies with the key that signed it, whatever the cache of keys still holds", async () => {
    const isDead = (rev: string[]) => rev.includes("kid:k1");
    await refuses(forge({}), "dead", { ...expected, isDead });
    const other = forge({}, { typ: "at+jwt", kid: "k2" }, edwards.privateKey);
    await verifyAccessToken(other, { ...expected, isDead });
  });

  test("a token that could not be revoked, or is bound to no key, is refused", async () => {
    for (const rev of [
      [],
      "task:task_1",
      [1],
      ["task"],
      ["a b:c"],
      [""],
      ["task:a b"],
      new Array(97).fill("jti:x"),
    ]) {
      await refuses(forge({ rev }), "malformed");
    }
    await refuses(forge({ rev: undefined }), "missing-claim");
    await refuses(forge({ cnf: undefined }), "missing-claim");
    for (const cnf of [
      null,
      {},
      { jkt: "" },
      { jkt: 1 },
      { "x5t#S256": "short" },
      { jkt: key, "x5t#S256": key },
      { jkt: key, jwk: {} },
    ]) {
      await refuses(forge({ cnf }), "malformed");
    }
  });

  test("every required claim must be there, and every claim must have its type", async () => {
    for (const name of Object.keys(required)) await refuses(forge({ [name]: undefined }), "missing-claim");
    for (const name of Object.keys(full).filter((each) => each !== "aud")) {
      for (const value of [null, name !== "per_call", 1.5, "", {}, [null]]) {
        await assert.rejects(
          () => verifyAccessToken(forge({ [name]: value }), expected),
          { name: "VerificationError" },
          name,
        );
      }
    }
  });

  test("claims that are not ours are ignored and not passed on", async () => {
    const token = await verifyAccessToken(forge({ scope: "everything", roles: ["admin"] }), expected);
    assert.deepEqual(token, full);
  });

  test("nothing unknown hides inside the grants, the actors or the chain", async () => {
    const [grant] = required.authorization_details;
    assert.ok(grant);
    await refuses(forge({ authorization_details: [{ ...grant, extra: true }] }), "malformed");
    await refuses(forge({ authorization_details: grant }), "malformed");
    await refuses(forge({ authorization_details: [] }), "malformed");
    await refuses(forge({ act: { sub: "cost-agent", exp: 1 } }), "malformed");
    await refuses(forge({ act: { iss: issuer } }), "missing-claim");
    await refuses(forge({ chain: [{ edge: "e", agent: "a", extra: 1 }] }), "malformed");
    await refuses(forge({ chain: new Array(9).fill({ edge: "e", agent: "a" }) }), "malformed");
    await refuses(forge({ strength: "very" }), "malformed");
  });

  test("actors nest eight deep and no deeper", async () => {
    const nest = (depth: number): Act => ({ sub: "a", ...(depth > 1 ? { act: nest(depth - 1) } : {}) });
    assert.deepEqual(parseAct(nest(maximumActors)), nest(maximumActors));
    assert.throws(() => parseAct(nest(maximumActors + 1)), { code: "malformed" });
  });

  test("nothing is issued that nobody could use, and nothing unsigned by P-256", async () => {
    const signer = { kid: "k1", key: privateKey };
    assert.throws(() => issueAccessToken({ ...required, exp: seconds }, signer), { code: "malformed" });
    assert.throws(() => issueAccessToken({ ...required, rev: [] }, signer), { code: "malformed" });
    assert.throws(() => issueAccessToken({ ...required, cnf: { jkt: "x" } }, signer), { code: "malformed" });
    assert.throws(() => issueAccessToken(required, { kid: "k2", key: edwards.privateKey }), {
      code: "wrong-alg",
    });
  });

  test("strengths are ordered, strongest first", async () => {
    assert.ok(isAtLeast("hardware-bound", "static-key"));
    assert.ok(isAtLeast("bearer", "bearer"));
    assert.ok(!isAtLeast("static-key", "bearer"));
    for (const [index, strength] of strengths.entries()) {
      for (const weaker of strengths.slice(index + 1)) assert.ok(!isAtLeast(weaker, strength));
    }
  });
}
