import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { JsonObject } from "../jcs/index.ts";
import { createKeySet, publicJwkOf } from "../jwk/index.ts";
import { signCompact } from "../jws/index.ts";
import type { VerificationCode } from "../verification-error.ts";
import { issueIntrospection, verifyIntrospection } from "./index.ts";

const issuer = "https://auth.example";
const audience = "spiffe://example.org/service/reports/1";
const now = 1_700_000_000_000;
const iat = now / 1000;
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const keys = createKeySet({ keys: [{ ...publicJwkOf(publicKey), kid: "k1" }] });
const signer = { kid: "k1", key: privateKey };
const expected = { issuer, audience, keys, now, maxAgeSeconds: 30 };
const said = { iss: issuer, aud: audience, iat, answer: { active: true, sub: "person_1" } };
const claims = { iss: issuer, aud: audience, iat, token_introspection: { active: true } };
const signed = (payload: JsonObject, typ = "token-introspection+jwt") =>
  signCompact({ header: { typ, kid: "k1" }, payload, key: privateKey });
const refuses = (token: string, code: VerificationCode, more: object = {}) =>
  assert.throws(() => verifyIntrospection(token, { ...expected, ...more }), {
    name: "VerificationError",
    code,
  });

test("an answer is read by whoever asked, while it is young", () => {
  const token = issueIntrospection(said, signer);
  assert.deepEqual(verifyIntrospection(token, expected), { active: true, sub: "person_1" });
  verifyIntrospection(token, { ...expected, now: now + 29_999 });
  refuses(token, "stale", { now: now + 30_000 });
  refuses(token, "stale", { now: Number.NaN });
  refuses(token, "not-yet-valid", { now: now - 30_001 });
});

test("an answer to somebody else, or by somebody else, says nothing here", () => {
  refuses(
    issueIntrospection({ ...said, aud: "spiffe://example.org/service/other/1" }, signer),
    "wrong-audience",
  );
  refuses(issueIntrospection({ ...said, iss: "https://other.example" }, signer), "wrong-issuer");
  const thief = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  refuses(issueIntrospection(said, { kid: "k1", key: thief }), "bad-signature");
});

test("no token passes as an answer, and no answer as a token", () => {
  refuses(signed(claims, "at+jwt"), "wrong-typ");
  refuses(signed({ ...claims, sub: "person_1" }), "malformed");
  refuses(signed({ ...claims, exp: iat + 60 }), "malformed");
});

test("every claim must be there and have its type", () => {
  for (const name of ["iss", "aud", "iat", "token_introspection"] as const) {
    const { [name]: _, ...rest } = claims;
    refuses(signed(rest as JsonObject), "missing-claim");
  }
  for (const token_introspection of [null, [], "active", {}, { active: "true" }])
    refuses(signed({ ...claims, token_introspection }), "malformed");
});
