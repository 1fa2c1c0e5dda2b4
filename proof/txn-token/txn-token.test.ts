import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { sha256Base64url } from "../digest/index.ts";
import type { Json, JsonObject } from "../jcs/index.ts";
import { createKeySet, publicJwkOf } from "../jwk/index.ts";
import { signCompact } from "../jws/index.ts";
import type { VerificationCode } from "../verification-error.ts";
import { issueTxnToken, readTxnToken, type TxnTokenClaims, verifyTxnToken } from "./index.ts";

const now = 1_700_000_000_000;
const iat = now / 1000;
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const edwards = generateKeyPairSync("ed25519");
const keys = createKeySet({
  keys: [
    { ...publicJwkOf(publicKey), kid: "k1" },
    { ...publicJwkOf(edwards.publicKey), kid: "k2" },
  ],
});
const signer = { kid: "k1", key: privateKey };
const gateway = "spiffe://example.org/service/gateway/1";
const argsHash = sha256Base64url("{}");
const claims: TxnTokenClaims = {
  iss: "https://auth.example",
  aud: "example.org",
  iat,
  exp: iat + 60,
  txn: "action_1",
  sub: "person_1",
  scope: "finance/pay",
  req_wl: gateway,
  act: { iss: "https://auth.example", sub: "payer" },
  rev: ["task:task_1", "jti:jti_1"],
  tctx: { resource: "https://finance.example", tool: "finance/pay", args_hash: argsHash, side_effect: true },
  rctx: { req_ip: "192.0.2.1", strength: "enrolled-key" },
};
const domain = { trustDomain: "example.org", issuer: "https://auth.example", keys, now };
const call = { ...domain, resource: "https://finance.example", tool: "finance/pay", argsHash };
const signed = (payload: object, typ = "txntoken+jwt", key = signer) =>
  signCompact({ header: { typ, kid: key.kid }, payload: payload as Json, key: key.key });
const refuses = (token: string, code: VerificationCode, more: object = {}) =>
  assert.throws(() => verifyTxnToken(token, { ...call, ...more }), { name: "VerificationError", code });

test("a transaction token holds for the one call that it names", () => {
  const token = issueTxnToken(claims, signer);
  const verified = verifyTxnToken(token, { ...call, from: gateway });
  assert.deepEqual(verified.claims, claims);
  assert.deepEqual([verified.replayKey, verified.expiresAt], [`action_1|${gateway}`, now + 60_000]);
  refuses(token, "wrong-url", { resource: "https://finance.example/" });
  refuses(token, "wrong-tool", { tool: "finance/payAll" });
  refuses(token, "wrong-arguments", { argsHash: sha256Base64url("[]") });
  refuses(token, "not-bound", { from: "spiffe://example.org/service/thief/1" });
});

test("the workload that sends it is the last that it was given to", () => {
  const next = "spiffe://example.org/service/ledger/1";
  const token = issueTxnToken({ ...claims, req_wl: `${gateway} ${next}` }, signer);
  verifyTxnToken(token, { ...call, from: next });
  refuses(token, "not-bound", { from: gateway });
});

test("it is worth nothing in another domain, by another issuer, or when it has ended", () => {
  const token = issueTxnToken(claims, signer);
  refuses(token, "wrong-audience", { trustDomain: "example.com" });
  refuses(token, "wrong-issuer", { issuer: "https://auth.example/" });
  verifyTxnToken(token, { ...call, now: now + 59_999 });
  refuses(token, "expired", { now: now + 60_000 });
  refuses(token, "not-yet-valid", { now: now - 31_000 });
  refuses(token, "dead", { isDead: (rev: string[]) => rev.includes("task:task_1") });
});

test("it lives five minutes at most, whoever signed it", () => {
  issueTxnToken({ ...claims, exp: iat + 300 }, signer);
  assert.throws(() => issueTxnToken({ ...claims, exp: iat + 301 }, signer), { code: "too-long-lived" });
  refuses(signed({ ...claims, exp: iat + 301 }), "too-long-lived");
});

test("nothing that was signed for another purpose passes as one, and it as nothing else", () => {
  for (const typ of ["at+jwt", "JWT", "token-introspection+jwt"]) refuses(signed(claims, typ), "wrong-typ");
  refuses(signed(claims, "txntoken+jwt", { kid: "k2", key: edwards.privateKey }), "wrong-alg");
  const thief = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  refuses(signed(claims, "txntoken+jwt", { kid: "k1", key: thief }), "bad-signature");
  assert.throws(() => issueTxnToken(claims, { kid: "k2", key: edwards.privateKey }), { code: "wrong-alg" });
});

test("every claim must be there and have its type", () => {
  const names = ["iss", "aud", "iat", "exp", "txn", "sub", "scope", "req_wl", "rev", "tctx"] as const;
  for (const name of names) {
    const { [name]: _, ...rest } = claims;
    assert.throws(
      () => readTxnToken(signed(rest), domain),
      (error: { code: string }) => ["missing-claim", "malformed"].includes(error.code),
    );
  }
  const spoilt: JsonObject[] = [
    { req_wl: "gateway" },
    { req_wl: `${gateway}  ${gateway}` },
    { req_wl: Array(5).fill(gateway).join(" ") },
    { req_wl: [gateway] },
    { rev: [] },
    { rev: ["x"] },
    { rev: Array(129).fill("jti:a") },
    { tctx: { tool: "finance/pay", args_hash: argsHash } },
    { tctx: { ...claims.tctx, args_hash: "short" } },
    { tctx: { ...claims.tctx, side_effect: false } },
    { tctx: { ...claims.tctx, access_token: "secret" } },
    { tctx: [] },
    { rctx: { user_agent: "x" } },
    { rctx: { auth_time: "1" } },
    { act: { sub: "a", exp: 1 } },
  ];
  for (const more of spoilt) {
    assert.throws(
      () => readTxnToken(signed({ ...claims, ...more }), domain),
      (error: { code: string }) => ["missing-claim", "malformed"].includes(error.code),
    );
  }
});
