import assert from "node:assert/strict";
import { createSecretKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { encodeBase64url } from "../digest/index.ts";
import { canonicalize, type Json } from "../jcs/index.ts";
import { publicJwkOf } from "../jwk/index.ts";
import { type VerificationCode, VerificationError } from "../verification-error.ts";
import { claimsOf, type Expectation, requireAlive, signCompact, verifyCompact } from "./index.ts";

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const taken = { typ: "test+jwt", algs: ["ES256", "EdDSA"], key: ec.publicKey } satisfies Expectation;

function refusal(code: VerificationCode) {
  return (error: unknown) => {
    assert.ok(error instanceof VerificationError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  };
}

/** Signs whatever it is given, as an attacker with a good key would. */
function forge(header: string, payload: string | Uint8Array, key: KeyObject = ec.privateKey): string {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const signed = `${encodeBase64url(new TextEncoder().encode(header))}.${encodeBase64url(bytes)}`;
  const digest = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  return `${signed}.${encodeBase64url(sign(digest, Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }))}`;
}

function refusesHeader(header: Json | string, code: VerificationCode, expected: Expectation = taken) {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  assert.throws(() => verifyCompact(forge(text, "{}"), expected), refusal(code), text);
}

for (const [name, pair] of [
  ["P-256", ec],
  ["Ed25519", ed],
] as const) {
  test(`what ${name} signs is verified and read back`, () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
        (payload) => {
          const compact = signCompact({
            header: { typ: "test+jwt", kid: "k" },
            payload,
            key: pair.privateKey,
          });
          const verified = verifyCompact(compact, { ...taken, key: pair.publicKey });
          assert.equal(canonicalize(verified.payload), canonicalize(payload));
          assert.equal(verified.header.kid, "k");
        },
      ),
      { numRuns: 50 },
    );
  });

  test(`a single flipped bit anywhere refuses what ${name} signed`, () => {
    const compact = signCompact({ header: { typ: "test+jwt" }, payload: { a: 1 }, key: pair.privateKey });
    const expected = { ...taken, key: pair.publicKey };
    verifyCompact(compact, expected);
    for (let at = 0; at < compact.length; at++) {
      for (let bit = 1; bit < 256; bit <<= 1) {
        const flipped = String.fromCharCode(compact.charCodeAt(at) ^ bit);
        const changed = compact.slice(0, at) + flipped + compact.slice(at + 1);
        assert.throws(() => verifyCompact(changed, expected), VerificationError, `bit ${bit} at ${at}`);
      }
    }
  });
}

test("another key refuses, and so does no key", () => {
  const compact = signCompact({ header: { typ: "test+jwt" }, payload: {}, key: ec.privateKey });
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
  assert.throws(() => verifyCompact(compact, { ...taken, key: other }), refusal("bad-signature"));
  const { key: _, ...rest } = taken;
  assert.throws(() => verifyCompact(compact, { ...rest, resolve: () => undefined }), refusal("unknown-key"));
});

test("the key decides the algorithm, whatever the header says", () => {
  for (const alg of ["none", "None", "HS256", "ES384", "PS256", "es256", "", null, 1]) {
    refusesHeader({ typ: "test+jwt", alg }, "wrong-alg");
  }
  refusesHeader({ typ: "test+jwt" }, "wrong-alg");
  refusesHeader({ typ: "test+jwt", alg: "EdDSA" }, "wrong-alg");
  refusesHeader({ typ: "test+jwt", alg: "RS256" }, "wrong-alg");
});

test("a secret key is never used, even if the caller's lookup returns one", () => {
  const key = createSecretKey(Buffer.from("public key text, known to everybody"));
  refusesHeader({ typ: "test+jwt", alg: "ES256" }, "wrong-alg", { ...taken, key });
});

test("an algorithm the verifier does not take is refused, even with the right key", () => {
  const compact = signCompact({ header: { typ: "test+jwt" }, payload: {}, key: ed.privateKey });
  assert.throws(
    () => verifyCompact(compact, { ...taken, key: ed.publicKey, algs: ["ES256"] }),
    refusal("wrong-alg"),
  );
});

test("RSA verifies and never signs", () => {
  const compact = forge('{"alg":"RS256","typ":"test+jwt"}', "{}", rsa.privateKey);
  verifyCompact(compact, { ...taken, key: rsa.publicKey, algs: ["RS256"] });
  assert.throws(() => verifyCompact(compact, { ...taken, key: rsa.publicKey }), refusal("wrong-alg"));
  assert.throws(
    () => signCompact({ header: { typ: "x" }, payload: {}, key: rsa.privateKey }),
    refusal("wrong-alg"),
  );
});

test("an ECDSA signature in DER is refused", () => {
  const signed = forge('{"alg":"ES256","typ":"test+jwt"}', "{}").split(".").slice(0, 2).join(".");
  const der = encodeBase64url(sign("sha256", Buffer.from(signed), ec.privateKey));
  assert.throws(() => verifyCompact(`${signed}.${der}`, taken), refusal("bad-signature"));
});

test("a header that chooses its own key or meaning is refused", () => {
  const base = { alg: "ES256", typ: "test+jwt" };
  refusesHeader({ ...base, crit: ["exp"] }, "malformed");
  refusesHeader({ ...base, crit: [] }, "malformed");
  refusesHeader({ ...base, b64: false }, "malformed");
  refusesHeader({ ...base, b64: true }, "malformed");
  refusesHeader({ ...base, jku: "https://attacker.example/jwks" }, "malformed");
  refusesHeader({ ...base, x5u: "https://attacker.example/x" }, "malformed");
  refusesHeader({ ...base, x5c: ["AA"] }, "malformed");
  refusesHeader({ ...base, jwk: publicJwkOf(ec.publicKey) }, "malformed");
  refusesHeader({ ...base, kid: 1 }, "malformed");
  refusesHeader([base], "malformed");
  refusesHeader("null", "malformed");
  refusesHeader(base, "malformed", { ...taken, embeddedJwk: true });
});

test("a header or payload with a member twice is refused", () => {
  refusesHeader('{"alg":"none","alg":"ES256","typ":"test+jwt"}', "malformed");
  const header = '{"alg":"ES256","typ":"test+jwt"}';
  assert.throws(() => verifyCompact(forge(header, '{"sub":"a","sub":"b"}'), taken), refusal("malformed"));
  assert.throws(() => verifyCompact(forge(header, '{"n":9007199254740993}'), taken), refusal("malformed"));
  assert.throws(
    () => verifyCompact(forge(header, new Uint8Array([0x22, 0xff, 0x22])), taken),
    refusal("malformed"),
  );
});

test("the type is compared as a media type, and no other is taken", () => {
  const with_ = (typ: string) => forge(JSON.stringify({ alg: "ES256", typ }), "{}");
  for (const typ of ["test+jwt", "TEST+JWT", "application/test+jwt", "Application/Test+JWT"]) {
    verifyCompact(with_(typ), taken);
  }
  for (const typ of [
    "jwt",
    "JWT",
    "test+jwt ",
    "text/test+jwt",
    "application/application/test+jwt",
    "te\u017ft+jwt",
  ]) {
    assert.throws(() => verifyCompact(with_(typ), taken), refusal("wrong-typ"), typ);
  }
  refusesHeader({ alg: "ES256" }, "wrong-typ");
  refusesHeader({ alg: "ES256", typ: null }, "wrong-typ");
  refusesHeader({ alg: "ES256", typ: "at+jwt" }, "wrong-typ", {
    ...taken,
    typ: { oneOf: ["JWT"], orAbsent: true },
  });
});

test("there are exactly three parts, in canonical base64url, without a stray character", () => {
  const good = signCompact({ header: { typ: "test+jwt" }, payload: {}, key: ec.privateKey });
  const [header, payload, signature] = good.split(".");
  for (const bad of [
    "",
    ".",
    "..",
    "...",
    good.slice(0, good.lastIndexOf(".")),
    `${good}.`,
    `.${good}`,
    `${good}.e30`,
  ]) {
    assert.throws(() => verifyCompact(bad, taken), VerificationError, bad);
  }
  for (const bad of [
    `${good}=`,
    `${good}\n`,
    ` ${good}`,
    `${header}=.${payload}.${signature}`,
    `${good}\u0000`,
  ]) {
    assert.throws(() => verifyCompact(bad, taken), refusal("not-canonical"), bad);
  }
  assert.throws(() => verifyCompact(`${header}.${payload}.`, taken), refusal("bad-signature"));
  assert.throws(
    () => verifyCompact({ toString: () => good } as unknown as string, taken),
    refusal("malformed"),
  );
});

test("what is too long is not looked at", () => {
  const compact = signCompact({
    header: { typ: "test+jwt" },
    payload: { a: "x".repeat(20_000) },
    key: ec.privateKey,
  });
  assert.throws(() => verifyCompact(compact, taken), refusal("too-large"));
  verifyCompact(compact, { ...taken, maxLength: 40_000 });
});

test("a payload is not parsed before its signature holds", () => {
  const [header, , signature] = forge('{"alg":"ES256","typ":"test+jwt"}', "{}").split(".");
  const notJson = encodeBase64url(new TextEncoder().encode("{"));
  assert.throws(() => verifyCompact(`${header}.${notJson}.${signature}`, taken), refusal("bad-signature"));
});

test("exp has no leeway, iat and nbf have the skew and no more", () => {
  const at = 1_700_000_000;
  const alive = (claims: Json, ms: number) => requireAlive(claimsOf(claims), ms);
  alive({ iat: at, exp: at + 60 }, (at + 60) * 1000 - 1);
  assert.throws(() => alive({ iat: at, exp: at + 60 }, (at + 60) * 1000), refusal("expired"));
  alive({ iat: at + 30, nbf: at + 30, exp: at + 60 }, at * 1000);
  assert.throws(() => alive({ iat: at + 30, exp: at + 60 }, at * 1000 - 1), refusal("not-yet-valid"));
  assert.throws(() => alive({ nbf: at + 31, exp: at + 60 }, at * 1000), refusal("not-yet-valid"));
  assert.throws(() => alive({ iat: at }, at * 1000), refusal("missing-claim"));
  assert.throws(() => alive({ iat: at, exp: at + 60 }, Number.NaN), refusal("expired"));
  for (const exp of [String(at), at + 0.5, -1, 1e12, null, [at], true]) {
    assert.throws(() => alive({ exp }, 0), refusal("malformed"));
  }
  assert.throws(() => alive({ iat: at, exp: at }, at * 1000), refusal("malformed"));
});
