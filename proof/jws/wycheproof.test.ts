import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Json } from "../jcs/index.ts";
import { type Algorithm, createKeySet, importPublicJwk, parsePublicJwk } from "../jwk/index.ts";
import { VerificationError } from "../verification-error.ts";
import { verifyBytes, verifyCompactBytes } from "./index.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(process.env.COUNTERSIGN_VECTORS ?? join(root, "../shared/vectors"), "wycheproof");
const skip = existsSync(folder) ? false : "no vectors";
const typ = { oneOf: ["JWT"], orAbsent: true };
const algs: Algorithm[] = ["ES256", "EdDSA", "RS256"];

type Case = { tcId: number; comment: string; result: string };
type Group<C> = {
  public?: Json;
  private?: Json;
  publicKeyJwk?: Json;
  publicKey?: { wx: string; wy: string };
  tests: (Case & C)[];
};

function groupsOf<C>(file: string): Group<C>[] {
  return JSON.parse(readFileSync(join(folder, file), "utf8")).testGroups;
}

/** Some groups of the ECDSA file give no JWK, only the coordinates as hexadecimal integers. */
function jwkOf({ publicKeyJwk, publicKey }: Group<unknown>): Json | undefined {
  if (publicKeyJwk !== undefined || publicKey === undefined) return publicKeyJwk;
  const [x, y] = [publicKey.wx, publicKey.wy].map((hex) =>
    Buffer.from(hex.padStart(64, "0").slice(-64), "hex"),
  );
  return { kty: "EC", crv: "P-256", x: x?.toString("base64url") ?? "", y: y?.toString("base64url") ?? "" };
}

/** Whether it passes; a refusal must be a VerificationError, and anything else fails the test. */
function passes(verify: () => unknown): boolean {
  try {
    return verify() !== false;
  } catch (error) {
    assert.ok(error instanceof VerificationError, String(error));
    return false;
  }
}

test("of Wycheproof's JWS only the valid ES256 and RS256 ones pass", { skip }, () => {
  const passed: number[] = [];
  let seen = 0;
  for (const group of groupsOf<{ jws: string }>("json_web_signature_test.json")) {
    for (const { tcId, jws } of group.tests) {
      seen++;
      const key = () => importPublicJwk(parsePublicJwk(group.public ?? group.private));
      if (passes(() => verifyCompactBytes(jws, { key: key(), typ, algs }))) passed.push(tcId);
    }
  }
  assert.equal(seen, 401);
  assert.deepEqual(passed, [18, 33, 259, 260, 261, 262, 263, 345, 349, 378]);
});

test("of Wycheproof's JWK sets only the one with a sound public key serves", { skip }, () => {
  const passed: number[] = [];
  let seen = 0;
  for (const group of groupsOf<{ jws: string }>("json_web_key_test.json")) {
    for (const { tcId, jws } of group.tests) {
      seen++;
      const verify = () => {
        const keys = createKeySet(group.public ?? group.private ?? null);
        return verifyCompactBytes(jws, { resolve: ({ kid }) => keys.get(kid ?? ""), typ, algs });
      };
      if (passes(verify)) passed.push(tcId);
    }
  }
  assert.equal(seen, 26);
  assert.deepEqual(passed, [5]);
});

for (const [file, count] of [
  ["ed25519_test.json", 151],
  ["ecdsa_secp256r1_sha256_p1363_test.json", 262],
] as const) {
  test(`all ${count} cases of ${file} come out as they should`, { skip }, () => {
    let seen = 0;
    for (const group of groupsOf<{ msg: string; sig: string }>(file)) {
      for (const { tcId, comment, result, msg, sig } of group.tests) {
        seen++;
        const verify = () => {
          const key = importPublicJwk(parsePublicJwk(jwkOf(group)));
          return verifyBytes(Buffer.from(msg, "hex"), Buffer.from(sig, "hex"), key);
        };
        assert.equal(passes(verify), result === "valid", `${tcId} ${comment}`);
      }
    }
    assert.equal(seen, count);
  });
}
