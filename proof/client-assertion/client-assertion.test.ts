import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { Json } from "../jcs/index.ts";
import { signCompact } from "../jws/index.ts";
import type { VerificationCode } from "../verification-error.ts";
import { createClientAssertion, peekClientId, verifyClientAssertion } from "./index.ts";

const issuer = "https://auth.example";
const clientId = "spiffe://example.org/agent/cost-agent/i1";
const now = 1_700_000_000_000;
const seconds = now / 1000;
const client = generateKeyPairSync("ec", { namedCurve: "P-256" });
const expected = { clientId, issuer, now, resolve: () => client.publicKey };
const good = { clientId, issuer, key: client.privateKey, now, jti: "j1" };

function forge(changes: Record<string, Json | undefined>, typ = "client-authentication+jwt"): string {
  const claims: Record<string, Json | undefined> = {
    iss: clientId,
    sub: clientId,
    aud: issuer,
    exp: seconds + 60,
    jti: "j1",
    ...changes,
  };
  const present = Object.entries(claims).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  return signCompact({ header: { typ }, payload: Object.fromEntries(present), key: client.privateKey });
}

function refuses(assertion: string, code: VerificationCode, at = expected) {
  assert.throws(() => verifyClientAssertion(assertion, at), { name: "VerificationError", code });
}

test("a client proves who it is, once, for a minute", () => {
  const assertion = createClientAssertion({ ...good, kid: "k1" });
  assert.equal(peekClientId(assertion), clientId);
  const kids: (string | undefined)[] = [];
  const resolve = ({ kid }: { kid?: string }) => {
    kids.push(kid);
    return client.publicKey;
  };
  assert.deepEqual(verifyClientAssertion(assertion, { ...expected, resolve }), {
    clientId,
    jti: "j1",
    expiresAt: now + 60_000,
  });
  assert.deepEqual(kids, ["k1"]);
  refuses(assertion, "expired", { ...expected, now: now + 60_000 });
});

test("another key, or none, does not prove it", () => {
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
  const assertion = createClientAssertion(good);
  assert.throws(() => verifyClientAssertion(assertion, { ...expected, resolve: () => other }), {
    code: "bad-signature",
  });
  assert.throws(() => verifyClientAssertion(assertion, { ...expected, resolve: () => undefined }), {
    code: "unknown-key",
  });
});

test("an assertion for another server, or for several, or for an endpoint is refused", () => {
  for (const aud of [
    "https://attacker.example",
    `${issuer}/`,
    `${issuer}/oauth/token`,
    [issuer, "x"],
    [],
    null,
    [[issuer]],
  ]) {
    refuses(forge({ aud }), "wrong-audience");
  }
  refuses(forge({ aud: undefined }), "missing-claim");
  verifyClientAssertion(forge({ aud: [issuer] }), expected);
});

test("issuer and subject must both be the client whose key it is", () => {
  refuses(forge({ iss: "other" }), "wrong-issuer");
  refuses(forge({ sub: "other" }), "wrong-subject");
  refuses(forge({ sub: undefined }), "missing-claim");
  refuses(createClientAssertion({ ...good, clientId: "other" }), "wrong-issuer");
});

test("an assertion that lives longer than a minute and the skew is refused", () => {
  verifyClientAssertion(forge({ exp: seconds + 90 }), expected);
  refuses(forge({ exp: seconds + 91 }), "too-long-lived");
  assert.throws(() => verifyClientAssertion(forge({ exp: seconds + 61 }), { ...expected, skewSeconds: 0 }), {
    code: "too-long-lived",
  });
  refuses(forge({ exp: undefined }), "missing-claim");
  refuses(forge({ iat: seconds + 31 }), "not-yet-valid");
  refuses(forge({ nbf: seconds + 31 }), "not-yet-valid");
});

test("it needs an id that can be remembered", () => {
  refuses(forge({ jti: undefined }), "missing-claim");
  refuses(forge({ jti: "x".repeat(129) }), "malformed");
  refuses(forge({ jti: 1 }), "malformed");
});

test("older clients may call it JWT, but nothing signed for another purpose passes", () => {
  verifyClientAssertion(forge({}, "JWT"), expected);
  for (const typ of ["at+jwt", "dpop+jwt", "delegation+jwt", "warrant+jwt"])
    refuses(forge({}, typ), "wrong-typ");
});

test("peeking refuses what has no readable subject", () => {
  for (const text of [
    "",
    "a",
    "a.b.c",
    "..",
    `a.${Buffer.from("{}").toString("base64url")}.c`,
    `a.${"A".repeat(20_000)}`,
  ]) {
    assert.throws(() => peekClientId(text), { name: "VerificationError" });
  }
});
