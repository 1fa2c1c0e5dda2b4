import assert from "node:assert/strict";
import { createSecretKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { encodeBase64url } from "../digest/index.ts";
import { canonicalize, type Json } from "../jcs/index.ts";
import { publicJwkOf } from "../jwk/index.ts";
import { type VerificationCode, VerificationError } from "../verification-error.ts";
import { type Half, halves } from "../web/test-halves.ts";
import { claimsOf, type Expectation, requireAlive, signCompact } from "./index.ts";

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

for (const half of halves) describe(half.name, () => promises(half));

function promises({ verifyCompact }: Half): void {
  async function refusesHeader(header: Json | string, code: VerificationCode, expected: Expectation = taken) {
    const text = typeof header === "string" ? header : JSON.stringify(header);
    await assert.rejects(() => verifyCompact(forge(text, "{}"), expected), refusal(code), text);
  }

  for (const [name, pair] of [
    ["P-256", ec],
    ["Ed25519", ed],
  ] as const) {
    test(`what ${name} signs is verified and read back`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
          async (payload) => {
            const compact = signCompact({
              header: { typ: "test+jwt", kid: "k" },
              payload,
              key: pair.privateKey,
            });
            const verified = await verifyCompact(compact, { ...taken, key: pair.publicKey });
            assert.equal(canonicalize(verified.payload), canonicalize(payload));
            assert.equal(verified.header.kid, "k");
          },
        ),
        { numRuns: 50 },
      );
    });

    test(`a single flipped bit anywhere refuses what ${name} signed`, async () => {
      const compact = signCompact({ header: { typ: "test+jwt" }, payload: { a: 1 }, key: pair.privateKey });
      const expected = { ...taken, key: pair.publicKey };
      await verifyCompact(compact, expected);
      for (let at = 0; at < compact.length; at++) {
        for (let bit = 1; bit < 256; bit <<= 1) {
          const flipped = String.fromCharCode(compact.charCodeAt(at) ^ bit);
          const changed = compact.slice(0, at) + flipped + compact.slice(at + 1);
          await assert.rejects(
            () => verifyCompact(changed, expected),
            VerificationError,
            `bit ${bit} at ${at}`,
          );
        }
      }
    });
  }

  test("another key refuses, and so does no key", async () => {
    const compact = signCompact({ header: { typ: "test+jwt" }, payload: {}, key: ec.privateKey });
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
    await assert.rejects(() => verifyCompact(compact, { ...taken, key: other }), refusal("bad-signature"));
    const { key: _, ...rest } = taken;
    await assert.rejects(
      () => verifyCompact(compact, { ...rest, resolve: () => undefined }),
      refusal("unknown-key"),
    );
  });

  test("the key decides the algorithm, whatever the header says", async () => {
    for (const alg of ["none", "None", "HS256", "ES384", "PS256", "es256", "", null, 1]) {
      await refusesHeader({ typ: "test+jwt", alg }, "wrong-alg");
    }
    await refusesHeader({ typ: "test+jwt" }, "wrong-alg");
    await refusesHeader({ typ: "test+jwt", alg: "EdDSA" }, "wrong-alg");
    await refusesHeader({ typ: "test+jwt", alg: "RS256" }, "wrong-alg");
  });

  test("a secret key is never used, even if the caller's lookup returns one", async () => {
    const key = createSecretKey(Buffer.from("public key text, known to everybody"));
    await refusesHeader({ typ: "test+jwt", alg: "ES256" }, "wrong-alg", { ...taken, key });
  });

  test("an algorithm the verifier does not take is refused, even with the right key", async () => {
    const compact = signCompact({ header: { typ: "test+jwt" }, payload: {}, key: ed.privateKey });
    await assert.rejects(
      () => verifyCompact(compact, { ...taken, key: ed.publicKey, algs: ["ES256"] }),
      refusal("wrong-alg"),
    );
  });

  test("RSA verifies and never signs", async () => {
    const compact = forge('{"alg":"RS256","typ":"test+jwt"}', "{}", rsa.privateKey);
    await verifyCompact(compact, { ...taken, key: rsa.publicKey, algs: ["RS256"] });
    await assert.rejects(
      () => verifyCompact(compact, { ...taken, key: rsa.publicKey }),
      refusal("wrong-alg"),
    );
    assert.throws(
      () => signCompact({ header: { typ: "x" }, payload: {}, key: rsa.privateKey }),
      refusal("wrong-alg"),
    );
  });

  test("an ECDSA signature in DER is refused", async () => {
    const signed = forge('{"alg":"ES256","typ":"test+jwt"}', "{}").split(".").slice(0, 2).join(".");
    const der = encodeBase64url(sign("sha256", Buffer.from(signed), ec.privateKey));
    await assert.rejects(() => verifyCompact(`${signed}.${der}`, taken), refusal("bad-signature"));
  });

  test("a header that chooses its own key or meaning is refused", async () => {
    const base = { alg: "ES256", typ: "test+jwt" };
    await refusesHeader({ ...base, crit: ["exp"] }, "malformed");
    await refusesHeader({ ...base, crit: [] }, "malformed");
    await refusesHeader({ ...base, b64: false }, "malformed");
    await refusesHeader({ ...base, b64: true }, "malformed");
    await refusesHeader({ ...base, jku: "https://attacker.example/jwks" }, "malformed");
    await refusesHeader({ ...base, x5u: "https://attacker.example/x" }, "malformed");
    await refusesHeader({ ...base, x5c: ["AA"] }, "malformed");
    await refusesHeader({ ...base, jwk: publicJwkOf(ec.publicKey) }, "malformed");
    await refusesHeader({ ...base, kid: 1 }, "malformed");
    await refusesHeader([base], "malformed");
    await refusesHeader("null", "malformed");
    await refusesHeader(base, "malformed", { ...taken, embeddedJwk: true });
  });

  test("a header or payload with a member twice is refused", async () => {
    await refusesHeader('{"alg":"none","alg":"ES256","typ":"test+jwt"}', "malformed");
    const header = '{"alg":"ES256","typ":"test+jwt"}';
    await assert.rejects(
      () => verifyCompact(forge(header, '{"sub":"a","sub":"b"}'), taken),
      refusal("malformed"),
    );
    await assert.rejects(
      () => verifyCompact(forge(header, '{"n":9007199254740993}'), taken),
      refusal("malformed"),
    );
    await assert.rejects(
      () => verifyCompact(forge(header, new Uint8Array([0x22, 0xff, 0x22])), taken),
      refusal("malformed"),
    );
  });

  test("the type is compared as a media type, and no other is taken", async () => {
    const with_ = (typ: string) => forge(JSON.stringify({ alg: "ES256", typ }), "{}");
    for (const typ of ["test+jwt", "TEST+JWT", "application/test+jwt", "Application/Test+JWT"]) {
      await verifyCompact(with_(typ), taken);
    }
    for (const typ of [
      "jwt",
      "JWT",
      "test+jwt ",
      "text/test+jwt",
      "application/application/test+jwt",
      "te\u017ft+jwt",
    ]) {
      await assert.rejects(() => verifyCompact(with_(typ), taken), refusal("wrong-typ"), typ);
    }
    await refusesHeader({ alg: "ES256" }, "wrong-typ");
    await refusesHeader({ alg: "ES256", typ: null }, "wrong-typ");
    await refusesHeader({ alg: "ES256", typ: "at+jwt" }, "wrong-typ", {
      ...taken,
      typ: { oneOf: ["JWT"], orAbsent: true },
    });
  });

  test("there are exactly three parts, in canonical base64url, without a stray character", async () => {
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
      await assert.rejects(() => verifyCompact(bad, taken), VerificationError, bad);
    }
    for (const bad of [
      `${good}=`,
      `${good}\n`,
      ` ${good}`,
      `${header}=.${payload}.${signature}`,
      `${good}\u0000`,
    ]) {
      await assert.rejects(() => verifyCompact(bad, taken), refusal("not-canonical"), bad);
    }
    await assert.rejects(() => verifyCompact(`${header}.${payload}.`, taken), refusal("bad-signature"));
    await assert.rejects(
      () => verifyCompact({ toString: () => good } as unknown as string, taken),
      refusal("malformed"),
    );
  });

  test("what is too long is not looked at", async () => {
    const compact = signCompact({
      header: { typ: "test+jwt" },
      payload: { a: "x".repeat(20_000) },
      key: ec.privateKey,
    });
    await assert.rejects(() => verifyCompact(compact, taken), refusal("too-large"));
    await verifyCompact(compact, { ...taken, maxLength: 40_000 });
  });

  test("a payload is not parsed before its signature holds", async () => {
    const [header, , signature] = forge('{"alg":"ES256","typ":"test+jwt"}', "{}").split(".");
    const notJson = encodeBase64url(new TextEncoder().encode("{"));
    await assert.rejects(
      () => verifyCompact(`${header}.${notJson}.${signature}`, taken),
      refusal("bad-signature"),
    );
  });

  test("exp has no leeway, iat and nbf have the skew and no more", async () => {
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
}
