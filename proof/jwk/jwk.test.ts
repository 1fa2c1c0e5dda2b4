import assert from "node:assert/strict";
import { createSecretKey, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { Json } from "../jcs/index.ts";
import { type VerificationCode, VerificationError } from "../verification-error.ts";
import {
  algorithmOf,
  createKeyCache,
  createKeySet,
  importPublicJwk,
  noKeyCache,
  p256JwkOf,
  parsePublicJwk,
  publicJwkOf,
  thumbprint,
} from "./index.ts";

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ecJwk = publicJwkOf(ec.publicKey);
const edJwk = publicJwkOf(ed.publicKey);
const rsaJwk = publicJwkOf(rsa.publicKey);

function refuses(jwk: Json | undefined, code: VerificationCode) {
  assert.throws(
    () => importPublicJwk(parsePublicJwk(jwk)),
    (error: unknown) => {
      assert.ok(error instanceof VerificationError, String(error));
      assert.equal(error.code, code, error.message);
      return true;
    },
  );
}

test("a public JWK goes out and comes back as the same key, and from the private key too", () => {
  for (const pair of [ec, ed, rsa]) {
    const jwk = publicJwkOf(pair.publicKey);
    assert.ok(importPublicJwk(parsePublicJwk(jwk)).equals(pair.publicKey));
    assert.deepEqual(publicJwkOf(pair.privateKey), jwk);
    assert.equal(JSON.stringify(jwk).includes('"d"'), false);
  }
});

test("the key alone decides the algorithm", () => {
  assert.deepEqual(
    [ec, ed, rsa].map((pair) => algorithmOf(pair.publicKey)),
    ["ES256", "EdDSA", "RS256"],
  );
  const foreign = [
    generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey,
    generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey,
    generateKeyPairSync("x25519").publicKey,
    generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey,
    createSecretKey(Buffer.alloc(32)),
  ];
  for (const key of foreign) assert.throws(() => algorithmOf(key), { code: "wrong-alg" });
  for (const key of foreign) assert.throws(() => publicJwkOf(key), VerificationError);
});

test("a private or secret member is refused wherever it stands", () => {
  for (const member of ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]) {
    for (const jwk of [ecJwk, edJwk, rsaJwk]) refuses({ ...jwk, [member]: null }, "private-key");
  }
});

test("a kind of key that is not ours is refused", () => {
  refuses({ ...ecJwk, crv: "P-384" }, "wrong-alg");
  refuses({ ...ecJwk, crv: "secp256k1" }, "wrong-alg");
  refuses({ ...ecJwk, kty: "ec" }, "wrong-alg");
  refuses({ ...edJwk, crv: "X25519" }, "wrong-alg");
  refuses({ ...edJwk, kty: "EC" }, "wrong-alg");
  refuses({ ...rsaJwk, e: "AQ" }, "wrong-alg");
  refuses({ ...rsaJwk, e: "Aw" }, "wrong-alg");
  refuses({}, "wrong-alg");
  for (const jwk of [null, undefined, "x", 1, [ecJwk]]) refuses(jwk, "malformed");
});

test("a JWK whose alg, use or key_ops contradicts the key is refused", () => {
  refuses({ ...ecJwk, alg: "RS256" }, "wrong-alg");
  refuses({ ...ecJwk, alg: "none" }, "wrong-alg");
  refuses({ ...ecJwk, use: "enc" }, "wrong-alg");
  refuses({ ...ecJwk, key_ops: ["deriveKey"] }, "wrong-alg");
  refuses({ ...ecJwk, key_ops: "verify" }, "wrong-alg");
  assert.deepEqual(
    parsePublicJwk({ ...ecJwk, alg: "ES256", use: "sig", key_ops: ["verify"], x5t: "x" }),
    ecJwk,
  );
});

test("coordinates are canonical base64url of exactly 32 bytes, on the curve", () => {
  assert.ok(ecJwk.kty === "EC");
  refuses({ ...ecJwk, x: `${ecJwk.x}=` }, "not-canonical");
  refuses({ ...ecJwk, x: ecJwk.x.slice(0, 40) }, "malformed");
  refuses({ ...ecJwk, x: `AAAA${ecJwk.x}` }, "malformed");
  refuses({ ...ecJwk, x: 1 }, "malformed");
  refuses({ ...ecJwk, x: ecJwk.y, y: ecJwk.x }, "malformed");
  refuses({ ...ecJwk, x: "A".repeat(43), y: "A".repeat(43) }, "malformed");
  refuses({ kty: "EC", crv: "P-256", x: ecJwk.x }, "malformed");
});

test("an Ed25519 point on which nobody's signature would verify is refused", () => {
  const weak = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    // not reduced: y = p, p + 1, 2^255 - 1
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  ];
  for (const hex of weak) {
    refuses({ kty: "OKP", crv: "Ed25519", x: Buffer.from(hex, "hex").toString("base64url") }, "malformed");
  }
});

test("RSA keys have 2048 to 4096 bits", () => {
  const modulus = (bytes: number, first: number) => {
    const n = Buffer.alloc(bytes, 0xff);
    n[0] = first;
    return { kty: "RSA", e: "AQAB", n: n.toString("base64url") };
  };
  parsePublicJwk(modulus(256, 0x80));
  parsePublicJwk(modulus(512, 0xff));
  refuses(modulus(256, 0x7f), "malformed");
  refuses(modulus(257, 0x00), "malformed");
  refuses(modulus(513, 0x01), "malformed");
  refuses(publicJwkOfShort(), "malformed");
  refuses({ ...modulus(256, 0x80), n: Buffer.alloc(256, 0x80).toString("base64url") }, "malformed");
});

function publicJwkOfShort(): Json {
  const jwk = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });
  return { kty: "RSA", n: jwk.n ?? "", e: jwk.e ?? "" };
}

test("thumbprints are RFC 7638's and RFC 8037's own", () => {
  const n =
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3okn" +
    "jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qM" +
    "QvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJz" +
    "KnqDKgw";
  const key = parsePublicJwk({ kty: "RSA", n, e: "AQAB", alg: "RS256", kid: "2011-04-29" });
  assert.equal(thumbprint(key), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  const okp = parsePublicJwk({
    crv: "Ed25519",
    kty: "OKP",
    x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
  });
  assert.equal(thumbprint(okp), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
});

test("a key set finds keys by kid and holds them imported", () => {
  const keys = createKeySet({
    keys: [
      { ...ecJwk, kid: "a" },
      { ...edJwk, kid: "b" },
    ],
  });
  assert.ok(keys.get("a")?.equals(ec.publicKey));
  assert.equal(keys.get("a"), keys.get("a"));
  assert.equal(keys.get("c"), undefined);
  assert.equal(keys.get("__proto__"), undefined);
});

test("a key set with a shared or missing kid, or a secret, is refused whole", () => {
  const refusesSet = (jwks: Json, code: VerificationCode) =>
    assert.throws(() => createKeySet(jwks), { code });
  refusesSet(
    {
      keys: [
        { ...ecJwk, kid: "a" },
        { ...edJwk, kid: "a" },
      ],
    },
    "malformed",
  );
  refusesSet({ keys: [ecJwk] }, "malformed");
  refusesSet({ keys: [{ ...ecJwk, kid: "" }] }, "malformed");
  refusesSet(
    {
      keys: [
        { ...ecJwk, kid: "a" },
        { kty: "oct", k: "AAAA", kid: "b" },
      ],
    },
    "private-key",
  );
  refusesSet({ keys: [{ ...ecJwk, kid: "a" }, null] }, "malformed");
  for (const jwks of [null, [], {}, { keys: {} }]) refusesSet(jwks, "malformed");
});

test("a key set leaves out kinds of keys that are newer than this package", () => {
  const keys = createKeySet({
    keys: [
      { kty: "AKP", alg: "ML-DSA-44", pub: "AA", kid: "new" },
      { ...ecJwk, kid: "a" },
    ],
  });
  assert.deepEqual([...keys.keys()], ["a"]);
});

test("a key cache holds no more keys than it may, and keeps those in use", () => {
  const cache = createKeyCache(2);
  const [a, b, c] = [0, 1, 2].map(() => publicJwkOf(generateKeyPairSync("ed25519").publicKey));
  assert.ok(a && b && c);
  const first = cache.import(a, thumbprint(a));
  const second = cache.import(b, thumbprint(b));
  assert.equal(cache.import(a, thumbprint(a)), first);
  cache.import(c, thumbprint(c));
  assert.equal(cache.import(a, thumbprint(a)), first);
  assert.notEqual(cache.import(b, thumbprint(b)), second);
  assert.notEqual(noKeyCache.import(a, thumbprint(a)), first);
});

test("a key of P-256 is read from its one form, and from none but it", () => {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  assert.deepEqual(p256JwkOf(spki), publicJwkOf(publicKey));
  assert.deepEqual(
    p256JwkOf(new Uint8Array(Buffer.concat([Buffer.alloc(7), spki])).subarray(7)),
    p256JwkOf(spki),
  );
  const other = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey;
  const compressed = Buffer.concat([spki.subarray(0, 26), Buffer.from([2]), spki.subarray(27, 59)]);
  const wrong = [
    spki.subarray(0, 90),
    Buffer.concat([spki, Buffer.alloc(1)]),
    compressed,
    other.export({ type: "spki", format: "der" }),
    generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "der" }),
    Buffer.alloc(0),
  ];
  for (const attackerSpki of wrong) assert.throws(() => p256JwkOf(attackerSpki), VerificationError);
  const offCurve = Buffer.from(spki).fill(1, 27);
  assert.throws(() => importPublicJwk(p256JwkOf(offCurve)), VerificationError);
});
