import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { before, test } from "node:test";
import { provePossession } from "@countersign/host/machine";
import type { Json } from "@countersign/proof/jcs";
import { type Certified, certify, TEST_EPOCH, type Wanted } from "../../../proof/svid/test-authority.ts";
import { refusedFor } from "./test-refusal.ts";
import { judgeX509Pop } from "./x509pop.ts";

const HOUR = 3_600_000;
const statement = {
  issuer: "https://countersign.example.com",
  nonce: "once-and-for-this",
  jkt: "thumbprint",
};
const expected = { ...statement, now: TEST_EPOCH };

let root: Certified;
let middle: Certified;
let leaf: Certified;
before(async () => {
  root = await certify(undefined, { authority: true, subject: "CN=Machines", notAfter: TEST_EPOCH + HOUR });
  middle = await certify(root, { authority: true, subject: "CN=Machines of the first hall" });
  leaf = await machine();
});

const machine = (wanted: Wanted = {}, by = middle) =>
  certify(by, { subject: "CN=rack-7", uris: ["x509pop://example.org/rack/7"], ...wanted });

const shown = (chain = [leaf, middle], by = leaf, said = statement): Json =>
  provePossession(
    chain.map(({ der }) => der),
    by.key,
    said,
  ) as unknown as Json;
const CA = "x509pop:ca:fingerprint:";
const fingerprintOf = ({ der }: Certified) => createHash("sha256").update(der).digest("hex");
const authoritiesIn = (selectors: readonly string[]) =>
  selectors.flatMap((each) => (each.startsWith(CA) ? [each.slice(CA.length)] : []));

const trust = (...roots: Certified[]) => ({
  type: "x509pop" as const,
  roots: roots.map(({ pem }) => pem).join(""),
});
const judge = (payload: Json, roots = trust(root), of: typeof expected = expected) =>
  judgeX509Pop(roots, payload, of);

test("a machine that proves the key of its certificate is known by the certificate", () => {
  const { host, selectors, once, evidence } = judge(shown());
  assert.match(host, /^x509pop-[0-9a-f]{64}$/);
  assert.equal(once, undefined);
  assert.ok(selectors.includes("x509pop:subject:cn:rack-7"));
  assert.ok(selectors.includes("x509pop:san:rack:7"));
  assert.deepEqual(authoritiesIn(selectors), [fingerprintOf(middle), fingerprintOf(root)].sort());
  assert.deepEqual([...selectors].sort(), selectors);
  assert.equal((evidence as { type: string }).type, "x509pop");
});

test("only who has certified a machine is among its selectors, and not whoever else was sent along", async () => {
  const vault = await certify(root, { authority: true, subject: "CN=Machines of the vault" });
  const namesake = await certify(root, { authority: true, subject: "CN=Machines of the first hall" });
  const self = await certify(undefined, { authority: true, subject: "CN=Anybody" });
  const { selectors } = judge(shown([leaf, vault, namesake, self, middle]));
  assert.deepEqual(authoritiesIn(selectors), [fingerprintOf(middle), fingerprintOf(root)].sort());
});

test("keys of every kind that a company has prove a machine", async () => {
  const curves = [
    { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
    { name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" },
  ];
  const rsa = {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  };
  for (const algorithm of [...curves, rsa, { name: "Ed25519" }]) {
    const one = await machine({ algorithm: algorithm as never });
    judge(shown([one, middle], one));
  }
});

test("what is signed is this attempt, by this key, for this server, and nothing else", () => {
  for (const member of ["issuer", "nonce", "jkt"] as const) {
    const payload = shown([leaf, middle], leaf, { ...statement, [member]: "another" });
    assert.throws(() => judge(payload), refusedFor("bad-proof"), member);
  }
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const stolen = provePossession([leaf.der, middle.der], privateKey, statement) as unknown as Json;
  assert.throws(() => judge(stolen), refusedFor("bad-proof"));
});

test("without a challenge nothing is proven: whatever was signed before could be sent again", () => {
  const { nonce: _, ...without } = expected;
  assert.throws(() => judgeX509Pop(trust(root), shown(), without), refusedFor("no-challenge"));
});

test("a chain leads to an authority that an administrator named, and to no other", async () => {
  const other = await certify(undefined, { authority: true, subject: "CN=Machines" });
  assert.throws(() => judge(shown(), trust(other)), refusedFor("untrusted-chain"));
  assert.throws(() => judge(shown([leaf])), refusedFor("untrusted-chain"), "the one between is missing");
  judge(shown([leaf]), trust(middle));
});

test("an authority is no machine, and neither is a key that is for something else, or past its time", async () => {
  assert.throws(() => judge(shown([middle], middle)), refusedFor("untrusted-chain"));
  const sealing = await machine({ usages: 0x20 });
  assert.throws(() => judge(shown([sealing, middle], sealing)), refusedFor("untrusted-chain"));
  const old = await machine({ notAfter: TEST_EPOCH - 1_000 });
  assert.throws(() => judge(shown([old, middle], old)), refusedFor("expired"));
});

test("more than four certificates beside the machine's own are not looked at", async () => {
  const many = Array.from({ length: 5 }, () => middle);
  assert.throws(() => judge(shown([leaf, ...many])), refusedFor("malformed"));
});

test("whatever is no chain with a signature is malformed", () => {
  const good = shown() as { chain: string[]; signature: string };
  const wrong: Json[] = [
    null,
    [],
    {},
    { ...good, more: 1 },
    { ...good, chain: [] },
    { ...good, chain: ["AAAA"] },
    { ...good, chain: [good.chain[0]?.slice(0, 100) ?? ""] },
    { ...good, signature: "not base64url!" },
  ];
  for (const payload of wrong)
    assert.throws(() => judge(payload), refusedFor("malformed"), JSON.stringify(payload));
});

test("a name that could be taken for two selectors makes none", async () => {
  const odd = await machine({ subject: "CN=rack:7", uris: ["x509pop://example.org/a/b:c"] });
  const { selectors } = judge(shown([odd, middle], odd));
  assert.ok(!selectors.some((each) => /subject:cn|san/.test(each)), selectors.join());
});
