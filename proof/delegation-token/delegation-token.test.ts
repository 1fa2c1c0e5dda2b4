import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { Json } from "../jcs/index.ts";
import { createKeySet, publicJwkOf } from "../jwk/index.ts";
import { signCompact } from "../jws/index.ts";
import type { VerificationCode } from "../verification-error.ts";
import { type DelegationTokenClaims, issueDelegationToken, verifyDelegationToken } from "./index.ts";

const issuer = "https://auth.example";
const now = 1_700_000_000_000;
const seconds = now / 1000;
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const keys = createKeySet({ keys: [{ ...publicJwkOf(publicKey), kid: "k1" }] });
const expected = { issuer, actor: "cost-agent", keys, now };
const claims: DelegationTokenClaims = {
  iss: issuer,
  aud: issuer,
  sub: "person_1",
  may_act: { sub: "cost-agent" },
  edge: "edge_1",
  task: "task_1",
  iat: seconds,
  exp: seconds + 300,
  jti: "j1",
};

function forge(changes: Record<string, Json | undefined>, typ = "delegation+jwt", kid = "k1"): string {
  const changed = Object.entries<Json | undefined>({ ...claims, ...changes });
  const payload = Object.fromEntries(
    changed.filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
  return signCompact({ header: { typ, kid }, payload, key: privateKey });
}

function refuses(token: string, code: VerificationCode, at = expected) {
  assert.throws(() => verifyDelegationToken(token, at), { name: "VerificationError", code });
}

test("a delegation token tells the named agent which delegation is meant", () => {
  const token = issueDelegationToken(claims, { kid: "k1", key: privateKey });
  assert.deepEqual(verifyDelegationToken(token, expected), claims);
});

test("it is worthless to any other agent", () => {
  const token = issueDelegationToken(claims, { kid: "k1", key: privateKey });
  refuses(token, "not-bound", { ...expected, actor: "cost-agent-2" });
  refuses(token, "not-bound", { ...expected, actor: "" });
});

test("every claim must be there and have its type", () => {
  for (const name of ["iss", "aud", "sub", "may_act", "edge", "task", "iat", "exp", "jti"]) {
    refuses(forge({ [name]: undefined }), "missing-claim");
  }
  for (const name of ["iss", "sub", "may_act", "edge", "task", "iat", "exp", "jti"]) {
    for (const value of [null, true, [], "", { a: 1, b: 2 }]) refuses(forge({ [name]: value }), "malformed");
  }
  refuses(forge({ may_act: { sub: "cost-agent", iss: "x" } }), "malformed");
  refuses(forge({ may_act: { sub: ["cost-agent"] } }), "malformed");
});

test("another issuer, audience, type, key or time is refused", () => {
  refuses(forge({ iss: "https://attacker.example" }), "wrong-issuer");
  refuses(forge({ aud: "https://gate.example" }), "wrong-audience");
  refuses(forge({ aud: [issuer, "x"] }), "wrong-audience");
  refuses(forge({}, "at+jwt"), "wrong-typ");
  refuses(forge({}, "delegation+jwt", "k2"), "unknown-key");
  refuses(forge({}), "expired", { ...expected, now: now + 300_000 });
  refuses(forge({}), "not-yet-valid", { ...expected, now: now - 30_001 });
  refuses(forge({ exp: seconds }), "malformed");
});

test("nothing is issued that would not be taken back", () => {
  const issue = (changes: Partial<DelegationTokenClaims>) => () =>
    issueDelegationToken({ ...claims, ...changes }, { kid: "k1", key: privateKey });
  assert.throws(issue({ aud: "https://gate.example" }), { code: "wrong-audience" });
  assert.throws(issue({ exp: seconds }), { code: "malformed" });
  assert.throws(issue({ edge: "" }), { code: "malformed" });
});
