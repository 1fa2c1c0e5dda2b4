import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { before, test } from "node:test";
import fc from "fast-check";
import { VerificationError } from "../verification-error.ts";
import { parseBundle } from "./bundle.ts";
import { validateJwtSvid, verifyJwtSvid } from "./jwt-svid.ts";
import { type Authority, jwtSvidBy, openAuthority, TEST_EPOCH } from "./test-authority.ts";

const ID = "spiffe://acme.example/agent/planner/one";
const ISSUER = "https://countersign.example";
const good = { sub: ID, aud: ISSUER };

let acme: Authority;
before(async () => {
  acme = await openAuthority("acme.example");
});

const verify = (svid: string, { bundle = acme.bundle as object, now = TEST_EPOCH } = {}) =>
  verifyJwtSvid(svid, { bundle: parseBundle(bundle as never), audience: ISSUER, now });

async function refuses(svid: string, code: string, more: Parameters<typeof verify>[1] = {}) {
  assert.throws(
    () => verify(svid, more),
    (error) => {
      assert.ok(error instanceof VerificationError, String(error));
      assert.equal(error.code, code, error.message);
      return true;
    },
  );
}

test("a JWT-SVID by its trust domain's key is who it says, until it expires", async () => {
  const { id, expires } = await verify(jwtSvidBy(acme, good));
  assert.deepEqual([id.uri, expires], [ID, TEST_EPOCH + 300_000]);
  await verify(jwtSvidBy(acme, { ...good, aud: [ISSUER] }));
  await verify(jwtSvidBy(acme, good, { typ: "JOSE" }));
  await verify(jwtSvidBy(acme, good, { typ: undefined }));
});

test("another trust domain's key signs nobody of this one, whatever kid it takes", async () => {
  const other = await openAuthority("other.example");
  await refuses(jwtSvidBy(other, good), "bad-signature");
  const elsewhere = await openAuthority("other.example", { kid: "other-1" });
  await refuses(jwtSvidBy(elsewhere, good), "unknown-key");
  await refuses(jwtSvidBy(acme, good), "unknown-key", { bundle: { keys: [] } });
});

test("it is for this issuer and for nobody else besides", async () => {
  for (const aud of [
    [ISSUER, "https://other.example"],
    `${ISSUER}/oauth/token`,
    `${ISSUER}/`,
    [],
    [[ISSUER]],
  ])
    await refuses(jwtSvidBy(acme, { ...good, aud }), "wrong-audience");
  await refuses(jwtSvidBy(acme, { ...good, aud: undefined }), "missing-claim");
});

test("whoever is among its audiences may validate it, and is told all that it says", () => {
  const svid = jwtSvidBy(acme, { ...good, aud: ["https://other.example", ISSUER], team: "blue" });
  const validate = (audience: string, hostile = svid, now = TEST_EPOCH) =>
    validateJwtSvid(hostile, { bundle: parseBundle(acme.bundle as never), audience, now });
  assert.equal(validate(ISSUER).claims.team, "blue");
  assert.equal(validate("https://other.example").id.uri, ID);
  assert.throws(() => validate("https://third.example"), { code: "wrong-audience" });
  assert.throws(() => validate(ISSUER, svid, TEST_EPOCH + 300_000), { code: "expired" });
  for (const aud of [undefined, [], [[ISSUER]], { [ISSUER]: 1 }, 1])
    assert.throws(() => validate(ISSUER, jwtSvidBy(acme, { ...good, aud })), VerificationError);
});

test("it is timely, and no secret for longer than an hour", async () => {
  const now = Math.floor(TEST_EPOCH / 1000);
  await refuses(jwtSvidBy(acme, good), "expired", { now: TEST_EPOCH + 300_000 });
  await refuses(jwtSvidBy(acme, { ...good, exp: undefined }), "missing-claim");
  await refuses(jwtSvidBy(acme, { ...good, nbf: now + 60 }), "not-yet-valid");
  await refuses(jwtSvidBy(acme, { ...good, exp: now + 3_601 }), "too-long-lived");
});

test("its subject is a workload, written as a SPIFFE ID is", async () => {
  for (const sub of [
    "spiffe://acme.example",
    "SPIFFE://acme.example/agent/planner/one",
    "planner",
    `${ID}/`,
    `${ID}?x`,
  ])
    await refuses(jwtSvidBy(acme, { ...good, sub }), "malformed");
  await refuses(jwtSvidBy(acme, { ...good, sub: undefined as never }), "missing-claim");
});

test("its header says alg, kid and typ, and nothing by which the sender would choose the key", async () => {
  const jwk = acme.jwtKey.export({ format: "jwk" });
  for (const more of [
    { jwk },
    { jku: "https://a.example" },
    { x5c: [] },
    { crit: ["exp"] },
    { b64: false },
    { cty: "JWT" },
  ])
    await refuses(jwtSvidBy(acme, good, more), "malformed");
  await refuses(jwtSvidBy(acme, good, { kid: undefined }), "malformed");
  await refuses(jwtSvidBy(acme, good, { kid: "" }), "malformed");
  for (const typ of ["at+jwt", "client-authentication+jwt", "dpop+jwt", "jwt"])
    await refuses(jwtSvidBy(acme, good, { typ }), "wrong-typ");
});

test("its algorithm is one of SPIFFE's and its key's own", async () => {
  for (const alg of ["none", "HS256", "EdDSA", "es256", 1])
    await refuses(jwtSvidBy(acme, good, { alg }), "wrong-alg");
  for (const alg of ["RS256", "PS256", "ES384"])
    await refuses(jwtSvidBy(acme, good, { alg }), "bad-signature");
  const [first, second] = acme.bundle.keys;
  const bundle = { keys: [first, { ...second, alg: "ES384" }] };
  await refuses(jwtSvidBy(acme, good), "wrong-alg", { bundle });
});

test("each of SPIFFE's algorithms is taken", async () => {
  const keys: [string, KeyObject, (signed: Buffer, key: KeyObject) => Buffer][] = [
    ["ES384", generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey, ecdsa("sha384")],
    ["ES512", generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey, ecdsa("sha512")],
    [
      "RS256",
      generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
      (signed, key) => sign("sha256", signed, key),
    ],
    [
      "PS256",
      generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
      (signed, key) => sign("sha256", signed, { key, padding: 6, saltLength: 32 }),
    ],
  ];
  for (const [alg, key, by] of keys) {
    const { d: _, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...jwk } = key.export({ format: "jwk" });
    const bundle = { keys: [{ ...jwk, use: "jwt-svid", kid: "k" }] };
    const unsigned = jwtSvidBy(acme, good, { alg, kid: "k" }).split(".").slice(0, 2).join(".");
    await verify(`${unsigned}.${by(Buffer.from(unsigned), key).toString("base64url")}`, { bundle });
  }
});

const ecdsa = (hash: string) => (signed: Buffer, key: KeyObject) =>
  sign(hash, signed, { key, dsaEncoding: "ieee-p1363" });

test("a short RSA key signs nothing", async () => {
  const key = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
  const { n, e, kty } = key.export({ format: "jwk" });
  const bundle = { keys: [{ n, e, kty, use: "jwt-svid", kid: "k" }] };
  const unsigned = jwtSvidBy(acme, good, { alg: "RS256", kid: "k" }).split(".").slice(0, 2).join(".");
  const svid = `${unsigned}.${sign("sha256", Buffer.from(unsigned), key).toString("base64url")}`;
  await refuses(svid, "bad-signature", { bundle });
});

test("a signature whose last letter carries stray bits is refused, though they mean nothing", async () => {
  const svid = jwtSvidBy(acme, good);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(svid.at(-1) ?? "");
  for (const stray of [1, 2, 3]) {
    const hostile = svid.slice(0, -1) + alphabet[last + stray];
    assert.throws(() => verify(hostile), { code: "not-canonical" });
  }
});

test("whatever is changed in it, it is refused without a crash", async () => {
  const svid = jwtSvidBy(acme, good);
  await fc.assert(
    fc.asyncProperty(fc.nat(svid.length - 1), fc.string({ minLength: 1, maxLength: 2 }), async (at, by) => {
      const hostile = svid.slice(0, at) + by + svid.slice(at + 1);
      if (hostile === svid) return;
      assert.throws(() => verify(hostile), VerificationError);
    }),
    { numRuns: 300 },
  );
});

test("a bundle is read as SPIFFE says: what is not for us is passed over, what is must be right", async () => {
  const [root, jwt] = acme.bundle.keys as [object, Record<string, unknown>];
  const keysOf = (...keys: unknown[]) => parseBundle({ keys } as never);
  const passedOver = keysOf(
    { kty: "AKP", use: "jwt-svid" },
    { use: "wit-svid" },
    { kty: "EC" },
    { use: "x509-svid" },
  );
  assert.deepEqual([passedOver.roots.length, passedOver.jwtKeys.size], [0, 0]);
  assert.equal(keysOf(root, jwt).sequence, undefined);
  const wrong = [
    [jwt, jwt],
    [{ ...jwt, kid: undefined }],
    [{ ...jwt, x: "AA" }],
    [{ ...root, x5c: ["AAAA"] }],
    [{ ...root, x5c: [1] }],
    [null],
    [{ ...jwt, d: "AA" }],
    Array.from({ length: 101 }, () => ({})),
  ];
  for (const keys of wrong) assert.throws(() => keysOf(...keys), VerificationError);
  for (const document of [
    null,
    [],
    {},
    { keys: {} },
    { keys: [], spiffe_sequence: -1 },
    { keys: [], spiffe_sequence: "1" },
  ])
    assert.throws(() => parseBundle(document as never), VerificationError);
});

test("the private half of a key in a bundle refuses it", () => {
  const jwk = acme.jwtKey.export({ format: "jwk" });
  const keys = [{ ...jwk, use: "jwt-svid", kid: "k" }];
  assert.throws(() => parseBundle({ keys } as never), { code: "private-key" });
});
