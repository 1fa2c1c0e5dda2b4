import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import type { Json, JsonObject } from "../jcs/index.ts";
import { createKeyCache, publicJwkOf, thumbprint } from "../jwk/index.ts";
import { signCompact } from "../jws/index.ts";
import type { VerificationCode } from "../verification-error.ts";
import { type Half, halves } from "../web/test-halves.ts";
import { createDpopProof, type DpopExpectation, normalizeHtu } from "./index.ts";

const holder = generateKeyPairSync("ec", { namedCurve: "P-256" });
const thief = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwk = publicJwkOf(holder.publicKey);
const jkt = thumbprint(jwk);
const now = 1_700_000_000_000;
const url = "https://gate.example/mcp";
const good = { key: holder.privateKey, method: "POST", url, now, jti: "id-1" };
const expected = { method: "POST", url, now, windowSeconds: 60 } satisfies DpopExpectation;

for (const half of halves) describe(half.name, () => promises(half));

function promises({ verifyDpopProof }: Half): void {
  async function refuses(proof: string, expectation: DpopExpectation, code: VerificationCode) {
    await assert.rejects(() => verifyDpopProof(proof, expectation), { name: "VerificationError", code });
  }

  /** A proof with these claims changed or, where undefined, left out. */
  function forge(changes: Record<string, Json | undefined>, header: JsonObject = jwk): string {
    const claims: Record<string, Json | undefined> = {
      jti: "id-1",
      htm: "POST",
      htu: url,
      iat: now / 1000,
      ...changes,
    };
    const present = Object.entries(claims).filter((entry): entry is [string, Json] => entry[1] !== undefined);
    const payload = Object.fromEntries(present);
    return signCompact({ header: { typ: "dpop+jwt", jwk: header }, payload, key: holder.privateKey });
  }

  test("a proof says who holds which key, and until when it must be remembered", async () => {
    for (const pair of [holder, generateKeyPairSync("ed25519")]) {
      const own = thumbprint(publicJwkOf(pair.publicKey));
      const proof = await verifyDpopProof(createDpopProof({ ...good, key: pair.privateKey }), expected);
      assert.deepEqual(proof, {
        jkt: own,
        jwk: publicJwkOf(pair.publicKey),
        jti: "id-1",
        iat: now / 1000,
        replayKey: `${url}|${own}|id-1`,
        expiresAt: now + 60_000,
      });
    }
  });

  test("a proof with an access token holds only for that token and that key", async () => {
    const proof = createDpopProof({ ...good, accessToken: "token-a" });
    await verifyDpopProof(proof, { ...expected, accessToken: "token-a", expectedJkt: jkt });
    await refuses(proof, { ...expected, accessToken: "token-b", expectedJkt: jkt }, "wrong-token-hash");
    const other = thumbprint(publicJwkOf(thief.publicKey));
    await refuses(proof, { ...expected, accessToken: "token-a", expectedJkt: other }, "not-bound");
    await refuses(
      createDpopProof(good),
      { ...expected, accessToken: "token-a", expectedJkt: jkt },
      "missing-claim",
    );
  });

  test("a stolen token with the thief's own proof is refused", async () => {
    const proof = createDpopProof({ ...good, key: thief.privateKey, accessToken: "token-a" });
    await refuses(proof, { ...expected, accessToken: "token-a", expectedJkt: jkt }, "not-bound");
  });

  test("a token that is bound to no key never passes, even past the type checker", async () => {
    const proof = createDpopProof({ ...good, key: thief.privateKey, accessToken: "token-a" });
    const unbound = { ...expected, accessToken: "token-a" } as unknown as DpopExpectation;
    await refuses(proof, unbound, "not-bound");
  });

  test("the token endpoint can insist on a key without an access token", async () => {
    await verifyDpopProof(createDpopProof(good), { ...expected, expectedJkt: jkt });
    await refuses(
      createDpopProof({ ...good, key: thief.privateKey }),
      { ...expected, expectedJkt: jkt },
      "not-bound",
    );
  });

  test("a proof by one key that shows another's jwk is refused", async () => {
    await refuses(forge({}, publicJwkOf(thief.publicKey)), expected, "bad-signature");
  });

  test("a proof for another method or URL is refused", async () => {
    const proof = createDpopProof(good);
    await refuses(proof, { ...expected, method: "GET" }, "wrong-method");
    await refuses(proof, { ...expected, method: "post" }, "wrong-method");
    for (const other of [
      "http://gate.example/mcp",
      "https://gate.example/mcp/",
      "https://gate.example:8443/mcp",
    ]) {
      await refuses(proof, { ...expected, url: other }, "wrong-url");
    }
    await refuses(proof, { ...expected, url: "https://gate.example/MCP" }, "wrong-url");
    await refuses(proof, { ...expected, url: "https://gate.example.attacker.example/mcp" }, "wrong-url");
    await refuses(forge({ htu: "https://gate.example@attacker.example/mcp" }), expected, "malformed");
    await refuses(forge({ htu: "https://gate.example\\@attacker.example/mcp" }), expected, "malformed");
    await refuses(forge({ htu: "/mcp" }), expected, "malformed");
  });

  test("the query and fragment do not matter, on either side", async () => {
    await verifyDpopProof(createDpopProof({ ...good, url: `${url}?a=1#b` }), {
      ...expected,
      url: `${url}?c=2`,
    });
    await verifyDpopProof(forge({ htu: `${url}?a=1` }), expected);
  });

  test("a proof lives for its window and not a millisecond longer", async () => {
    const proof = createDpopProof(good);
    await verifyDpopProof(proof, { ...expected, now: now + 59_999 });
    await refuses(proof, { ...expected, now: now + 60_000 }, "stale");
    await refuses(proof, { ...expected, now: Number.NaN }, "stale");
    await verifyDpopProof(proof, { ...expected, now: now - 30_000 });
    await refuses(proof, { ...expected, now: now - 30_001 }, "not-yet-valid");
    await refuses(proof, { ...expected, now: now - 5_001, skewSeconds: 5 }, "not-yet-valid");
  });

  test("a nonce that the server asks for must be one that is good now", async () => {
    const proof = createDpopProof({ ...good, nonce: "n1" });
    await verifyDpopProof(proof, { ...expected, nonce: "n1" });
    await verifyDpopProof(proof, { ...expected, nonce: ["n2", "n1"] });
    await verifyDpopProof(proof, expected);
    await refuses(proof, { ...expected, nonce: "n2" }, "wrong-nonce");
    await refuses(proof, { ...expected, nonce: [] }, "wrong-nonce");
    await refuses(createDpopProof(good), { ...expected, nonce: "n1" }, "wrong-nonce");
  });

  test("where a nonce may be absent, one that is there must be good all the same", async () => {
    const offered = { ...expected, nonce: ["n1"], nonceMayBeAbsent: true };
    await verifyDpopProof(createDpopProof(good), offered);
    await verifyDpopProof(createDpopProof({ ...good, nonce: "n1" }), offered);
    await refuses(createDpopProof({ ...good, nonce: "n0" }), offered, "wrong-nonce");
  });

  test("a proof for one call holds for that tool and those arguments", async () => {
    const proof = createDpopProof({ ...good, tool: "finance/pay", argsHash: "hash" });
    await verifyDpopProof(proof, { ...expected, tool: "finance/pay", argsHash: "hash" });
    await refuses(proof, { ...expected, tool: "finance/payAll", argsHash: "hash" }, "wrong-tool");
    await refuses(proof, { ...expected, tool: "finance/pay", argsHash: "other" }, "wrong-arguments");
    await refuses(createDpopProof(good), { ...expected, tool: "finance/pay" }, "missing-claim");
    await refuses(createDpopProof(good), { ...expected, argsHash: "hash" }, "missing-claim");
  });

  test("every claim must be there and have its type", async () => {
    for (const name of ["jti", "htm", "htu", "iat"]) {
      await refuses(forge({ [name]: undefined }), expected, "missing-claim");
      for (const value of [null, [], {}, true, ""])
        await refuses(forge({ [name]: value }), expected, "malformed");
    }
    await refuses(forge({ iat: String(now / 1000) }), expected, "malformed");
    await refuses(forge({ jti: "x".repeat(129) }), expected, "malformed");
    await refuses(forge({ jti: "a\nb" }), expected, "malformed");
    await verifyDpopProof(forge({ jti: "x".repeat(128) }), expected);
  });

  test("the header's key must be there, public, and of a kind that proves something", async () => {
    const { privateKey } = holder;
    const payload = { jti: "id-1", htm: "POST", htu: url, iat: now / 1000 };
    await refuses(
      signCompact({ header: { typ: "dpop+jwt" }, payload, key: privateKey }),
      expected,
      "malformed",
    );
    await refuses(
      signCompact({ header: { typ: "at+jwt", jwk }, payload, key: privateKey }),
      expected,
      "wrong-typ",
    );
    await refuses(forge({}, { ...jwk, d: "AAAA" }), expected, "private-key");
    await refuses(forge({}, { kty: "oct", k: "AAAA" }), expected, "private-key");
    const rsa = publicJwkOf(generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey);
    await refuses(forge({}, rsa), expected, "wrong-alg");
    await refuses(forge({}, { ...jwk, alg: "EdDSA" }), expected, "wrong-alg");
  });

  test("the key's name is the thumbprint of the key, whatever else the jwk says", async () => {
    const proof = await verifyDpopProof(forge({}, { ...jwk, kid: "another-key", x5t: "x" }), expected);
    assert.equal(proof.jkt, jkt);
    assert.deepEqual(proof.jwk, jwk);
  });

  test("a key cache changes nothing about the answer", async () => {
    const keys = createKeyCache(1);
    const proof = createDpopProof(good);
    assert.deepEqual(
      await verifyDpopProof(proof, { ...expected, keys }),
      await verifyDpopProof(proof, { ...expected, keys }),
    );
    await refuses(forge({}, publicJwkOf(thief.publicKey)), { ...expected, keys }, "bad-signature");
    await refuses(forge({}, publicJwkOf(thief.publicKey)), { ...expected, keys }, "bad-signature");
  });

  const equal: [string, string][] = [
    ["HTTPS://Gate.Example/mcp", "https://gate.example/mcp"],
    ["https://gate.example:443/mcp", "https://gate.example/mcp"],
    ["http://gate.example:80", "http://gate.example/"],
    ["https://gate.example", "https://gate.example/"],
    ["https://gate.example?x", "https://gate.example/"],
    ["https://gate.example/a/./b/../c", "https://gate.example/a/c"],
    ["https://gate.example/%7euser/%41", "https://gate.example/~user/A"],
    ["https://gate.example/a/%2e%2e/b", "https://gate.example/b"],
    ["https://gate.example/a%2fb", "https://gate.example/a%2Fb"],
    ["http://[::1]:3000/x", "http://[::1]:3000/x"],
  ];
  for (const [from, to] of equal) {
    test(`${from} is ${to}`, async () => {
      assert.equal(normalizeHtu(from), to);
      assert.equal(normalizeHtu(to), to);
    });
  }

  const notUrls = [
    "",
    "gate.example",
    "ftp://gate.example/",
    "javascript:alert(1)",
    "https:///mcp",
    "https:gate.example",
  ];
  notUrls.push(
    "https://u:p@gate.example/",
    "https://gate.example/a b",
    " https://gate.example/",
    "https://gate.example/\n",
  );
  notUrls.push(
    "https://gate.example\\x",
    "https://gate.example/%zz",
    "https://gäte.example/",
    "https://gate%2eexample/",
  );
  notUrls.push(
    "https://gate.example:99999/",
    `https://gate.example/${"a".repeat(2048)}`,
    "https://gate.example/\u0000",
  );
  for (const text of notUrls) {
    test(`${JSON.stringify(text.slice(0, 40))} is no URL for a proof`, async () => {
      assert.throws(() => normalizeHtu(text), { name: "VerificationError", code: "malformed" });
    });
  }
}
