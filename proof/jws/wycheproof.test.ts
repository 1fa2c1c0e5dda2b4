import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { verifierKey } from "../checkpoint/index.ts";
import { verifyClientAssertion } from "../client-assertion/index.ts";
import { verifyDelegationToken } from "../delegation-token/index.ts";
import type { Json } from "../jcs/index.ts";
import { type Algorithm, createKeySet, importPublicJwk, parsePublicJwk } from "../jwk/index.ts";
import { VerificationError } from "../verification-error.ts";
import { type Half, halves } from "../web/test-halves.ts";
import {
  casesOf,
  type JwsCase,
  jwkFile,
  jwsFile,
  type SignatureCase,
  signatureFiles,
  skip,
} from "./test-wycheproof.ts";

const typ = { oneOf: ["JWT"], orAbsent: true };
const algs: Algorithm[] = ["ES256", "EdDSA", "RS256"];

/** Whether it passes; a refusal must be a VerificationError, and anything else fails the test. */
async function passes(verify: () => Promise<unknown>): Promise<boolean> {
  try {
    return (await verify()) !== false;
  } catch (error) {
    assert.ok(error instanceof VerificationError, String(error));
    return false;
  }
}

const bytes = (hex: string) => Buffer.from(hex, "hex");
const importJwk = (jwk: Json) => importPublicJwk(parsePublicJwk(jwk));

for (const half of halves) describe(half.name, { skip }, () => promises(half));

function promises(half: Half): void {
  test("of Wycheproof's JWS only the valid ES256 and RS256 ones pass", async () => {
    const cases = casesOf<JwsCase>(jwsFile);
    const passed = await passing(cases, ({ jws, jwk }) =>
      half.verifyCompactBytes(jws, { key: importJwk(jwk), typ, algs }),
    );
    assert.equal(cases.length, 401);
    assert.deepEqual(passed, [18, 33, 259, 260, 261, 262, 263, 345, 349, 378]);
  });

  test("of Wycheproof's JWK sets only the one with a sound public key serves", async () => {
    const cases = casesOf<JwsCase>(jwkFile);
    const passed = await passing(cases, ({ jws, jwk }) => {
      const keys = createKeySet(jwk);
      return half.verifyCompactBytes(jws, { resolve: ({ kid }) => keys.get(kid ?? ""), typ, algs });
    });
    assert.equal(cases.length, 26);
    assert.deepEqual(passed, [5]);
  });

  for (const [file, count] of signatureFiles) {
    test(`all ${count} cases of ${file} come out as they should`, async () => {
      const cases = casesOf<SignatureCase>(file);
      assert.equal(cases.length, count);
      for (const { tcId, comment, result, msg, sig, jwk } of cases) {
        const passed = await passes(async () => half.verifyBytes(bytes(msg), bytes(sig), importJwk(jwk)));
        assert.equal(passed, result === "valid", `${tcId} ${comment}`);
      }
    });
  }

  test("under a checkpoint the Ed25519 cases come out as they should, too", async () => {
    for (const { tcId, comment, result, msg, sig, jwk } of casesOf<SignatureCase>("ed25519_test.json")) {
      const { x } = jwk as { x: string };
      const passed = await passes(async () =>
        half.hasSigned(verifierKey("log", Buffer.from(x, "base64url")), bytes(msg), bytes(sig)),
      );
      assert.equal(passed, result === "valid", `${tcId} ${comment}`);
    }
  });

  test("nothing of Wycheproof's JWS is an access token or a proof of possession", async () => {
    const cases = [...casesOf<JwsCase>(jwsFile), ...casesOf<JwsCase>(jwkFile)];
    const passed = await passing(cases, ({ jws, jwk }) =>
      half.verifyAccessToken(jws, { issuer: "i", audience: "a", now: 0, keys: namedAsAsked(jws, jwk) }),
    );
    assert.deepEqual(passed, []);
    const request = { method: "POST", url: "https://a.example/", now: 0, windowSeconds: 60 };
    assert.deepEqual(await passing(cases, ({ jws }) => half.verifyDpopProof(jws, request)), []);
  });
}

test("nothing of Wycheproof's JWS is a ticket or a client's assertion", { skip }, async () => {
  const cases = [...casesOf<JwsCase>(jwsFile), ...casesOf<JwsCase>(jwkFile)];
  const tickets = await passing(cases, async ({ jws, jwk }) =>
    verifyDelegationToken(jws, { issuer: "i", actor: "a", keys: namedAsAsked(jws, jwk), now: 0 }),
  );
  const assertions = await passing(cases, async ({ jws, jwk }) =>
    verifyClientAssertion(jws, { issuer: "i", clientId: "c", resolve: () => importJwk(jwk), now: 0 }),
  );
  assert.deepEqual([tickets, assertions], [[], []]);
});

/** Those of the cases that pass; whatever is invalid must not. */
async function passing<C extends JwsCase>(
  cases: readonly C[],
  verify: (each: C) => Promise<unknown>,
): Promise<number[]> {
  const passed: C[] = [];
  for (const each of cases) if (await passes(async () => verify(each))) passed.push(each);
  for (const { tcId, result } of passed) assert.equal(result, "valid", `${tcId} is invalid and passes`);
  return passed.map(({ tcId }) => tcId);
}

/** The key under whatever name the header asks for: no refusal may rest on the name alone. */
function namedAsAsked(attackerJws: string, jwk: Json) {
  const { kid = "k" } = headerOf(attackerJws);
  return new Map([[kid, importJwk(jwk)]]);
}

function headerOf(attackerJws: string): { kid?: string } {
  try {
    return JSON.parse(Buffer.from(attackerJws.split(".")[0] ?? "", "base64url").toString());
  } catch {
    return {};
  }
}
