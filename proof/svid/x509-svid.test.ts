import assert from "node:assert/strict";
import { before, test } from "node:test";
import fc from "fast-check";
import { VerificationError } from "../verification-error.ts";
import { readCertificate } from "../x509/index.ts";
import { parseBundle } from "./bundle.ts";
import {
  type Authority,
  type Certified,
  CLIENT_AUTH,
  certify,
  Extension,
  KeyUsageFlags,
  openAuthority,
  SERVER_AUTH,
  TEST_EPOCH,
  type Wanted,
  x509Key,
} from "./test-authority.ts";
import { verifyX509Svid } from "./x509-svid.ts";

const ID = "spiffe://acme.example/agent/planner/one";
const HOUR = 3_600_000;

let acme: Authority;
before(async () => {
  acme = await openAuthority("acme.example");
});

const leafBy = (issuer: Certified, wanted: Wanted = {}) => certify(issuer, { uris: [ID], ...wanted });
const authorityBy = (issuer: Certified, wanted: Wanted = {}) =>
  certify(issuer, { authority: true, subject: "CN=intermediate", ...wanted });

const verify = (chain: readonly Certified[], { bundle = acme.bundle as object, now = TEST_EPOCH } = {}) => {
  const [leaf, ...others] = chain.map(({ der }) => readCertificate(der));
  assert.ok(leaf);
  return verifyX509Svid(leaf, others, { bundle: parseBundle(bundle as never), now });
};

const refuses = (chain: readonly Certified[], code: string, more: Parameters<typeof verify>[1] = {}) =>
  assert.throws(
    () => verify(chain, more),
    (error) => error instanceof VerificationError && error.code === code,
  );

test("a leaf by its trust domain's root is who it says, until the first of its path expires", async () => {
  const verified = verify([await leafBy(acme.root)]);
  assert.deepEqual([verified.id.uri, verified.expires], [ID, TEST_EPOCH + HOUR]);
  const short = await authorityBy(acme.root, { notAfter: TEST_EPOCH + 1_000 });
  assert.equal(verify([await leafBy(short), short]).expires, TEST_EPOCH + 1_000);
});

test("intermediates lead to the root in whatever order they come, with strangers among them", async () => {
  const first = await authorityBy(acme.root, { subject: "CN=first" });
  const second = await authorityBy(first, { subject: "CN=second" });
  const stranger = await openAuthority("stranger.example");
  verify([await leafBy(second), stranger.root, second, first]);
  verify([await leafBy(second), first, second]);
  refuses([await leafBy(second), second], "unknown-key");
});

test("a key that costs whoever checks with it is not taken: an RSA exponent of the sender's choice", async () => {
  const rsa = async (publicExponent: number[]) =>
    (await crypto.subtle.generateKey(
      {
        name: "RSASSA-PKCS1-v1_5",
        modulusLength: 2048,
        publicExponent: Uint8Array.from(publicExponent),
        hash: "SHA-256",
      },
      true,
      ["sign", "verify"],
    )) as CryptoKeyPair;
  verify([await leafBy(acme.root, { pair: await rsa([1, 0, 1]) })]);
  refuses([await leafBy(acme.root, { pair: await rsa([1, 0, 3]) })], "wrong-alg");
});

test("another trust domain's root vouches for nobody of this one", async () => {
  const other = await openAuthority("other.example");
  refuses([await leafBy(other.root)], "unknown-key");
  refuses([await leafBy(other.root), other.root], "unknown-key");
});

test("a certificate that has the name of a root and not its key is no root", async () => {
  const twin = await openAuthority("acme.example");
  assert.equal(twin.root.subject, acme.root.subject);
  refuses([await leafBy(twin.root), twin.root], "unknown-key");
  refuses([await certify(undefined, { uris: [ID], subject: acme.root.subject })], "unknown-key");
});

test("a bundle without keys vouches for nobody any more", async () => {
  refuses([await leafBy(acme.root)], "unknown-key", { bundle: { keys: [] } });
});

const spoilt: [what: string, wanted: Wanted][] = [
  ["with two SPIFFE IDs", { uris: [ID, "spiffe://acme.example/agent/writer/one"] }],
  ["with another URI beside its SPIFFE ID", { uris: [ID, "https://acme.example"] }],
  ["without a SPIFFE ID", { uris: [], dnsNames: ["planner.acme.example"] }],
  ["whose URI is no SPIFFE ID", { uris: ["https://acme.example/agent/planner/one"] }],
  ["whose SPIFFE ID is a trust domain", { uris: ["spiffe://acme.example"] }],
  ["whose SPIFFE ID would have to be mended", { uris: ["spiffe://acme.example/agent/../planner"] }],
  ["that is an authority's", { authority: true, usages: KeyUsageFlags.digitalSignature }],
  ["that may sign certificates", { usages: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign }],
  ["that may sign revocation lists", { usages: KeyUsageFlags.digitalSignature | KeyUsageFlags.cRLSign }],
  ["that may not sign", { usages: KeyUsageFlags.keyEncipherment }],
  ["that does not say what its key is for", { noUsages: true }],
  ["that is for servers alone", { purposes: [SERVER_AUTH] }],
];
for (const [what, wanted] of spoilt) {
  test(`a leaf ${what} is refused`, async () => {
    refuses([await leafBy(acme.root, wanted)], "malformed");
  });
}

test("a leaf may have names of hosts, purposes for both sides, and an empty subject with critical names", async () => {
  verify([
    await leafBy(acme.root, { dnsNames: ["a.example"], purposes: [CLIENT_AUTH, SERVER_AUTH], subject: "" }),
  ]);
});

test("time counts for every certificate of the path, to the second", async () => {
  const leaf = await leafBy(acme.root);
  refuses([leaf], "expired", { now: TEST_EPOCH + HOUR + 1 });
  refuses([leaf], "not-yet-valid", { now: TEST_EPOCH - HOUR - 1 });
  const expired = await authorityBy(acme.root, { notAfter: TEST_EPOCH - 1_000 });
  refuses([await leafBy(expired), expired], "unknown-key");
  const root = await certify(undefined, { authority: true, subject: "CN=old", notAfter: TEST_EPOCH - 1_000 });
  refuses([await leafBy(root)], "unknown-key", { bundle: { keys: [x509Key(root)] } });
});

test("who is no authority signs nobody, whoever it was issued by", async () => {
  const leaf = await leafBy(acme.root, { subject: "CN=leaf" });
  refuses([await leafBy(leaf), leaf], "unknown-key");
  const mislabelled = await certify(acme.root, {
    subject: "CN=mislabelled",
    usages: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign,
  });
  refuses([await leafBy(mislabelled), mislabelled], "unknown-key");
  const crlOnly = await authorityBy(acme.root, { usages: KeyUsageFlags.cRLSign });
  refuses([await leafBy(crlOnly), crlOnly], "unknown-key");
  const unsaid = await authorityBy(acme.root, { noUsages: true });
  refuses([await leafBy(unsaid), unsaid], "unknown-key");
});

test("no more authorities stand below one than it allows", async () => {
  const none = await authorityBy(acme.root, { subject: "CN=none below", pathLength: 0 });
  verify([await leafBy(none), none]);
  const below = await authorityBy(none, { subject: "CN=below" });
  refuses([await leafBy(below), below, none], "unknown-key");
  const root = await certify(undefined, { authority: true, subject: "CN=narrow", pathLength: 0 });
  const bundle = { keys: [x509Key(root)] };
  const under = await authorityBy(root);
  verify([await leafBy(root)], { bundle });
  refuses([await leafBy(under), under], "unknown-key", { bundle });
});

test("many authorities under one name lead nowhere, and soon", async () => {
  const [one, lost] = [
    await authorityBy(acme.root, { subject: "CN=ring" }),
    await certify(undefined, { authority: true, subject: "CN=ring" }),
  ];
  const ring = await Promise.all(Array.from({ length: 6 }, () => authorityBy(one, { subject: "CN=ring" })));
  const leaf = await leafBy(lost);
  const began = performance.now();
  refuses([leaf, ...ring], "unknown-key");
  const selfMade = await Promise.all(
    ring.map(({ pair }) => certify(lost, { authority: true, subject: "CN=ring", pair })),
  );
  assert.throws(() => verify([leaf, lost, ...ring, ...selfMade]), VerificationError);
  assert.ok(performance.now() - began < 1_000);
});

test("a critical extension that is not understood refuses, wherever it stands", async () => {
  const constraints = new Extension("2.5.29.30", true, Buffer.from("3000", "hex"));
  const leaf = await leafBy(acme.root, { more: [constraints] });
  assert.throws(() => readCertificate(leaf.der), /critical/);
  const harmless = new Extension("1.2.3.4", false, Buffer.from("0500", "hex"));
  verify([await leafBy(acme.root, { more: [harmless] })]);
  const twice = await leafBy(acme.root, { more: [harmless, harmless] });
  assert.throws(() => readCertificate(twice.der), /twice/);
});

test("whatever is done to its bytes, a certificate is read as it was signed or refused without a crash", async () => {
  const { der } = await leafBy(acme.root);
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(3), (at, by, cut) => {
      const hostile = Buffer.from(der.subarray(0, der.length - cut));
      if (at < hostile.length) hostile[at] = (hostile[at] ?? 0) ^ by;
      try {
        verifyX509Svid(readCertificate(hostile), [], {
          bundle: parseBundle(acme.bundle as never),
          now: TEST_EPOCH,
        });
      } catch (error) {
        assert.ok(error instanceof VerificationError, String(error));
        return;
      }
      assert.fail("a changed certificate was taken");
    }),
    { numRuns: 1_000 },
  );
});

test("bytes that are no certificate are refused without a crash", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.throws(() => readCertificate(bytes), VerificationError);
    }),
    { numRuns: 500 },
  );
});

test("nothing may follow a certificate", async () => {
  const { der } = await leafBy(acme.root);
  assert.throws(() => readCertificate(Buffer.concat([der, Buffer.of(0)])), /follow/);
});
