import assert from "node:assert/strict";
import { before, test } from "node:test";
import { azureNonce } from "@countersign/host/machine";
import type { Json } from "@countersign/proof/jcs";
import fc from "fast-check";
import { type Certified, certify, TEST_EPOCH } from "../../../proof/svid/test-authority.ts";
import { judgeAws } from "./aws-machine.ts";
import { judgeAzure } from "./azure-machine.ts";
import { machineTrust, type TrustOf } from "./machine-trust.ts";
import { attestedDocument, envelopeOf, instanceIdentity, rsaSigner, signatureOf } from "./test-cloud.ts";
import { refusedFor } from "./test-refusal.ts";

const expected = {
  jkt: "thumbprint",
  nonce: "handed-out",
  challenged: TEST_EPOCH - 60_000,
  now: TEST_EPOCH,
};
const long = { notAfter: TEST_EPOCH + 1_000 * 3_600_000 };

let root: Certified;
let aws: Certified;
let azure: Certified;
before(async () => {
  root = await certify(undefined, { authority: true, subject: "CN=Cloud", ...long });
  aws = await rsaSigner(root, { subject: "CN=region", ...long });
  azure = await rsaSigner(root, {
    subject: "CN=metadata.azure.com",
    dnsNames: ["eastus.metadata.azure.com"],
  });
});

const awsTrust = (more: object = {}): TrustOf<"aws"> =>
  machineTrust.parse({
    type: "aws",
    accounts: ["123456789012"],
    regions: { "eu-central-1": aws.pem },
    ...more,
  }) as TrustOf<"aws">;
const azureTrust = (more: object = {}): TrustOf<"azure"> =>
  machineTrust.parse({
    type: "azure",
    roots: root.pem,
    subscriptions: ["8d10da13-8125-4ba9-a717-bf7490507b3d"],
    ...more,
  }) as TrustOf<"azure">;

const byAws = (document: string, signer = aws, how = {}): Json => ({
  rsa2048: envelopeOf(document, signer, how),
});
const byAzure = (document: string, signer = azure, how = {}): Json => ({
  encoding: "pkcs7",
  signature: envelopeOf(document, signer, { certificates: true, ...how }),
});
const good = () => attestedDocument(azureNonce(expected.nonce, expected.jkt));

test("an instance identity document in Amazon's own form makes its machine known, once", () => {
  const judged = judgeAws(awsTrust(), byAws(instanceIdentity()), expected);
  assert.equal(judged.host, "aws-123456789012-eu-central-1-i-1234567890abcdef0");
  assert.equal(judged.once, "aws:123456789012:eu-central-1:i-1234567890abcdef0");
  assert.deepEqual(judged.selectors, [
    "aws:account_id:123456789012",
    "aws:az:eu-central-1b",
    "aws:image:id:ami-5fb8c835a1b2c3d4e",
    "aws:instance:id:i-1234567890abcdef0",
    "aws:instance:type:m7i.large",
    "aws:region:eu-central-1",
  ]);
  judgeAws(awsTrust(), byAws(instanceIdentity(), aws, { bare: true }), expected);
});

test("the document with a signature beside it says the same", () => {
  const document = instanceIdentity();
  const signature = signatureOf(document, aws);
  judgeAws(awsTrust(), { document, signature }, expected);
  const altered = document.replace("123456789012", "123456789013");
  assert.throws(
    () => judgeAws(awsTrust(), { document: altered, signature }, expected),
    refusedFor("bad-signature"),
  );
});

test("a document that somebody else signed, or that was altered afterwards, is nobody's", async () => {
  const other = await rsaSigner(root, { subject: "CN=region", ...long });
  assert.throws(
    () => judgeAws(awsTrust(), byAws(instanceIdentity(), other), expected),
    refusedFor("bad-signature"),
  );
  for (const bare of [true, false]) {
    const { rsa2048 } = byAws(instanceIdentity(), aws, { bare }) as { rsa2048: string };
    const altered = Buffer.from(rsa2048, "base64").toString("latin1").replace("i-1234567890", "i-1234567891");
    const attackerPayload = { rsa2048: Buffer.from(altered, "latin1").toString("base64") };
    assert.throws(() => judgeAws(awsTrust(), attackerPayload, expected), refusedFor("bad-signature"));
  }
});

test("each region has signers of its own, and an anchor that has run out signs no more", () => {
  const elsewhere = instanceIdentity({ region: "us-east-1" });
  assert.throws(() => judgeAws(awsTrust(), byAws(elsewhere), expected), refusedFor("wrong-region"));
  const late = { ...expected, now: TEST_EPOCH + 2_000 * 3_600_000 };
  assert.throws(() => judgeAws(awsTrust(), byAws(instanceIdentity()), late), refusedFor("bad-signature"));
});

test("an account that is not named, and a machine started too long ago or in the future, do not join", () => {
  const account = instanceIdentity({ accountId: "999999999999" });
  assert.throws(() => judgeAws(awsTrust(), byAws(account), expected), refusedFor("wrong-account"));
  const old = instanceIdentity({ pendingTime: "2025-12-31T23:00:00Z" });
  assert.throws(() => judgeAws(awsTrust(), byAws(old), expected), refusedFor("too-old"));
  judgeAws(awsTrust({ longest_age: 3_600 }), byAws(old), expected);
  const future = instanceIdentity({ pendingTime: "2026-01-01T00:01:00Z" });
  assert.throws(() => judgeAws(awsTrust(), byAws(future), expected), refusedFor("not-yet-valid"));
});

test("SHA-1 is no digest, and a short RSA key no anchor", async () => {
  const sha1 = byAws(instanceIdentity(), aws, { digest: "sha1" });
  assert.throws(() => judgeAws(awsTrust(), sha1, expected), refusedFor("algorithm-not-taken"));
  const short = await rsaSigner(root, { subject: "CN=region" }, 1024);
  assert.throws(() => awsTrust({ regions: { "eu-central-1": short.pem } }), /2048/);
  assert.throws(() => awsTrust({ regions: { "eu-central-1": root.pem } }), /2048/, "an elliptic curve");
});

test("an attested document with our nonce makes its machine known, once", () => {
  const judged = judgeAzure(azureTrust(), byAzure(good()), expected);
  assert.equal(judged.host, "azure-02aab8a4-74ef-476e-8182-f6d2ba4166a6");
  assert.equal(judged.once, "azure:02aab8a4-74ef-476e-8182-f6d2ba4166a6");
  assert.ok(judged.selectors.includes("azure:subscription-id:8d10da13-8125-4ba9-a717-bf7490507b3d"));
});

test("a nonce of another attempt or for another key is worth nothing, and so is an attempt without one", () => {
  const payload = byAzure(good());
  for (const other of [{ nonce: "another" }, { jkt: "another" }])
    assert.throws(
      () => judgeAzure(azureTrust(), payload, { ...expected, ...other }),
      refusedFor("wrong-nonce"),
    );
  const { nonce: _, ...without } = expected;
  assert.throws(() => judgeAzure(azureTrust(), payload, without), refusedFor("no-challenge"));
  assert.match(azureNonce("a", "b"), /^[0-9]{10}$/);
});

test("a document that was made before the challenge is worth nothing, whatever its nonce: ten digits can be sought", () => {
  const nonce = azureNonce(expected.nonce, expected.jkt);
  const made = (createdOn: string) =>
    byAzure(attestedDocument(nonce, { timeStamp: { createdOn, expiresOn: "01/01/26 05:59:59 -0000" } }));
  judgeAzure(azureTrust(), made("12/31/25 23:58:30 -0000"), expected);
  for (const createdOn of ["12/31/25 23:58:29 -0000", "12/31/25 18:00:00 -0000"])
    assert.throws(() => judgeAzure(azureTrust(), made(createdOn), expected), refusedFor("too-old"));
  const { challenged: _, ...without } = expected;
  assert.throws(() => judgeAzure(azureTrust(), byAzure(good()), without), refusedFor("no-challenge"));
});

test("the signer must be certified through an authority that is named, as the metadata service", async () => {
  const wrong = async (names: { subject: string; dnsNames?: string[] }) =>
    byAzure(good(), await rsaSigner(root, names));
  for (const subject of ["CN=metadata.azure.com.evil.example", "CN=evilmetadata.azure.com", "CN=azure.com"]) {
    const payload = await wrong({ subject });
    assert.throws(() => judgeAzure(azureTrust(), payload, expected), refusedFor("wrong-signer"), subject);
  }
  const beside = await wrong({ subject: "CN=metadata.azure.com", dnsNames: ["evil.example"] });
  assert.throws(() => judgeAzure(azureTrust(), beside, expected), refusedFor("wrong-signer"));
  const other = await certify(undefined, { authority: true, subject: "CN=Cloud", ...long });
  const forged = byAzure(good(), await rsaSigner(other, { subject: "CN=metadata.azure.com" }));
  assert.throws(() => judgeAzure(azureTrust(), forged, expected), refusedFor("untrusted-chain"));
  const without = byAzure(good(), azure, { certificates: false });
  assert.throws(() => judgeAzure(azureTrust(), without, expected), refusedFor("bad-signature"));
});

test("an authority between the root and the signer may come along, or be named with the roots", async () => {
  const middle = await certify(root, { authority: true, subject: "CN=Cloud issuing", ...long });
  const signer = await rsaSigner(middle, { subject: "CN=metadata.azure.com" });
  judgeAzure(azureTrust(), byAzure(good(), signer, { more: [middle] }), expected);
  const alone = byAzure(good(), signer);
  assert.throws(() => judgeAzure(azureTrust(), alone, expected), refusedFor("untrusted-chain"));
  judgeAzure(azureTrust({ roots: root.pem + middle.pem }), alone, expected);
});

test("a subscription that is not named, and a document past its time, do not join", () => {
  const nonce = azureNonce(expected.nonce, expected.jkt);
  const elsewhere = attestedDocument(nonce, { subscriptionId: "00000000-0000-4000-8000-000000000000" });
  assert.throws(
    () => judgeAzure(azureTrust(), byAzure(elsewhere), expected),
    refusedFor("wrong-subscription"),
  );
  const over = { createdOn: "12/31/25 17:59:00 -0000", expiresOn: "12/31/25 23:59:59 -0000" };
  const old = attestedDocument(nonce, { timeStamp: over });
  assert.throws(() => judgeAzure(azureTrust(), byAzure(old), expected), refusedFor("expired"));
});

test("whatever is changed in a document's envelope, it says the same or is refused with a reason", () => {
  const { rsa2048 } = byAws(instanceIdentity()) as { rsa2048: string };
  const bytes = Buffer.from(rsa2048, "base64");
  const honest = JSON.stringify(judgeAws(awsTrust(), { rsa2048 }, expected));
  const trust = awsTrust();
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
      const mutated = Buffer.from(bytes);
      mutated[at] = (mutated[at] ?? 0) ^ by;
      try {
        const judged = judgeAws(trust, { rsa2048: mutated.toString("base64") }, expected);
        assert.equal(JSON.stringify(judged), honest);
      } catch (error) {
        assert.ok(
          typeof (error as { members?: { reason?: unknown } }).members?.reason === "string",
          String(error),
        );
      }
    }),
    { numRuns: 300 },
  );
});
