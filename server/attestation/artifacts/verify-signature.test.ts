import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Json, JsonObject } from "@countersign/proof/jcs";
import { VerificationError } from "@countersign/proof/verification-error";
import fc from "fast-check";
import { TEST_EPOCH } from "../../audit/test-databases.ts";
import { hours } from "../../lib/index.ts";
import { readBroughtSignature } from "./brought-signature.ts";
import { type SignatureReason, SignatureRefused } from "./signature-refused.ts";
import type { Signer, SignerTrust } from "./signer.ts";
import {
  ANOTHER,
  BUILDER,
  byCertificate,
  byKey,
  COSIGN,
  IMAGE,
  keyTrust,
  MANIFEST,
  newKey,
  openCompany,
  openSigstore,
  overManifest,
  provenanceOf,
  sha256,
  signatureOn,
  signerWith,
  simpleSigning,
  statementAbout,
} from "./test-signatures.ts";
import { verifySignature } from "./verify-signature.ts";

const key = newKey();
const release = signerWith("release", keyTrust(key));
const now = TEST_EPOCH;

const verify = (
  bundle: Json,
  signers: readonly Signer[] = [release],
  about: { image?: string; manifest?: Uint8Array; now?: number } = {},
) => verifySignature(readBroughtSignature(bundle), signers, { image: IMAGE, now, ...about });

const refused = (reason: SignatureReason) => (error: unknown) => {
  assert.ok(error instanceof SignatureRefused, String(error));
  assert.equal(error.reason, reason);
  return true;
};

test("an image's signature by a key that is trusted is taken, in each of its three forms", async () => {
  const statement = await verify(byKey(signatureOn(), key));
  assert.deepEqual([statement.kind, statement.signer, statement.expires], ["signature", release, undefined]);
  assert.equal((await verify(simpleSigning(key))).signer, release);
  assert.equal((await verify(overManifest(key), [release], { manifest: MANIFEST })).signed, sha256(MANIFEST));
});

test("keys of P-256, P-384 and P-521 sign statements, each with the hash of its curve", async () => {
  for (const curve of ["P-256", "P-384", "P-521"]) {
    const own = newKey(curve);
    await verify(byKey(signatureOn(), own), [signerWith("own", keyTrust(own))]);
  }
});

test("what a stranger has signed is refused, whatever it says of its key", async () => {
  for (const bundle of [byKey(signatureOn(), newKey()), simpleSigning(newKey())])
    await assert.rejects(verify(bundle), refused("signature-untrusted"));
  await assert.rejects(
    verify(overManifest(newKey()), [release], { manifest: MANIFEST }),
    refused("signature-untrusted"),
  );
});

test("a good signature over another image is refused, however the other one is named beside it", async () => {
  await assert.rejects(verify(byKey(signatureOn(ANOTHER), key)), refused("signature-wrong-digest"));
  await assert.rejects(verify(simpleSigning(key, ANOTHER)), refused("signature-wrong-digest"));
  const sha512 = { name: IMAGE, digest: { sha512: IMAGE.slice(7).repeat(2) } };
  const named = { ...signatureOn(ANOTHER), subject: [sha512] };
  await assert.rejects(verify(byKey(named, key)), refused("signature-wrong-digest"));
});

test("the right key of the wrong purpose is refused: who signs images does not vouch for builds", async () => {
  await assert.rejects(verify(byKey(provenanceOf(), key)), refused("signature-wrong-purpose"));
  const builder = signerWith("builder", keyTrust(key), ["provenance"]);
  await assert.rejects(verify(byKey(signatureOn(), key), [builder]), refused("signature-wrong-purpose"));
  const found = await verify(byKey(provenanceOf(), key), [release, builder]);
  assert.equal(found.signer, builder, "two signers may share a key for different purposes");
  assert.equal(found.provenance?.builder, BUILDER);
});

test("a statement of an unknown predicate says nothing, whoever signed it", async () => {
  for (const predicate of ["https://spdx.dev/Document", `${COSIGN}/`, "https://slsa.dev/provenance/v0.2"])
    await assert.rejects(
      verify(byKey(statementAbout(IMAGE, predicate), key)),
      refused("signature-unknown-predicate"),
    );
  const odd = byKey(signatureOn(), key, "application/json");
  await assert.rejects(verify(odd), refused("signature-unknown-predicate"));
  await assert.rejects(
    verify(simpleSigning(key, IMAGE, "atomic container signature")),
    refused("signature-unknown-predicate"),
  );
});

test("a signature over the manifest counts for nothing without the manifest", async () => {
  await assert.rejects(verify(overManifest(key)), refused("signature-without-manifest"));
});

test("what is signed and unreadable is refused after its signature, never read before", async () => {
  for (const wrong of [{ ...signatureOn(), _type: "https://in-toto.io/Statement/v0.1" }, {}, []])
    await assert.rejects(verify(byKey(wrong as Json, key)), refused("signature-unreadable"));
  await assert.rejects(verify(byKey({}, newKey())), refused("signature-untrusted"));
});

test("any other bytes in a signed statement are another statement", async () => {
  const bundle = byKey(signatureOn(), key);
  const envelope = bundle.dsseEnvelope as JsonObject;
  const payload = Buffer.from(envelope.payload as string, "base64");
  const flipped = fc.record({ at: fc.nat(payload.length - 1), bit: fc.nat(7) });
  await fc.assert(
    fc.asyncProperty(flipped, async ({ at, bit }) => {
      const other = Buffer.from(payload);
      other[at] = (other[at] ?? 0) ^ (1 << bit);
      const changed = { ...bundle, dsseEnvelope: { ...envelope, payload: other.toString("base64") } };
      await assert.rejects(verify(changed), refused("signature-untrusted"));
    }),
    { numRuns: 100 },
  );
});

test("nothing but the two forms that we know is read as a signature", () => {
  const good = byKey(signatureOn(), key);
  const certificate = { rawBytes: "AAAA" };
  const wrong: Json[] = [
    null,
    "text",
    {},
    { ...good, mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1" },
    { ...good, more: 1 },
    { ...good, messageSignature: { signature: "AAAA" } },
    { mediaType: good.mediaType as string, verificationMaterial: {} },
    { ...good, verificationMaterial: { publicKey: {}, certificate } },
    { ...good, verificationMaterial: { certificate: { rawBytes: "not base64" } } },
    { ...good, verificationMaterial: { x509CertificateChain: { certificates: [] } } },
    { ...good, verificationMaterial: { certificate, tlogEntries: [1, 2, 3, 4, 5] } },
    { ...simpleSigning(key), Cert: { Raw: "AAAA" } },
    { ...simpleSigning(key), Payload: "AAA" },
  ];
  for (const document of wrong)
    assert.throws(() => readBroughtSignature(document), VerificationError, JSON.stringify(document));
});

const IDENTITY = "https://acme.example/release";

test("a certificate's holder is known by its authority and its exact name, until the certificate ends", async () => {
  const company = await openCompany(IDENTITY);
  const signer = signerWith("company", company.trust);
  const bundle = byCertificate(signatureOn(), company);
  const { expires } = await verify(bundle, [signer]);
  assert.equal(expires, TEST_EPOCH + hours(1));
  await assert.rejects(
    verify(bundle, [signer], { now: TEST_EPOCH + hours(2) }),
    refused("signature-certificate-expired"),
  );
  const other = signerWith("other", { ...company.trust, identity: `${IDENTITY}/` } as SignerTrust);
  await assert.rejects(verify(bundle, [other]), refused("signature-wrong-identity"));
  const stranger = await openCompany(IDENTITY);
  await assert.rejects(
    verify(byCertificate(signatureOn(), stranger), [signer]),
    refused("signature-untrusted"),
  );
  await assert.rejects(
    verify(byCertificate(signatureOn(), company, newKey()), [signer]),
    refused("signature-untrusted"),
  );
  const client = await openCompany(IDENTITY, { purposes: ["1.3.6.1.5.5.7.3.2"] });
  await assert.rejects(
    verify(byCertificate(signatureOn(), client), [signerWith("client", client.trust)]),
    refused("signature-wrong-identity"),
  );
});

const WORKFLOW = {
  san: "https://github.com/acme/agents/.github/workflows/build.yml@refs/heads/main",
  issuer: "https://token.actions.githubusercontent.com",
};

let sigstore: Awaited<ReturnType<typeof openSigstore>>;
let keyless: JsonObject;
before(async () => {
  sigstore = await openSigstore(new Date());
  keyless = await sigstore.keyless(provenanceOf(), WORKFLOW);
});

const pinned = (trust: Partial<Extract<SignerTrust, { kind: "sigstore" }>> = {}): Signer =>
  signerWith("workflow", { kind: "sigstore", trusted_root: sigstore.trusted_root, ...WORKFLOW, ...trust }, [
    "provenance",
  ]);

test("a keyless signature is taken from the pinned identity alone, and keeps counting after its certificate", async () => {
  const found = await verify(keyless, [pinned()], { now: Date.now() + hours(24 * 365) });
  assert.deepEqual([found.kind, found.signer.name, found.expires], ["provenance", "workflow", undefined]);
});

test("the pinned identity is compared and is no pattern: a longer, shorter or matching name is somebody else's", async () => {
  const others = [
    { san: WORKFLOW.san.slice(0, -1) },
    { san: "." },
    { san: ".*" },
    { san: WORKFLOW.san.replaceAll(".", "x") },
    { issuer: `${WORKFLOW.issuer}/` },
    { issuer: "https://accounts.google.com" },
  ];
  for (const other of others)
    await assert.rejects(verify(keyless, [pinned(other)]), refused("signature-wrong-identity"));
});

test("a keyless signature of another Sigstore, without its log entry, or over changed words is nobody's", async () => {
  const foreign = await (await openSigstore(new Date())).keyless(provenanceOf(), WORKFLOW);
  await assert.rejects(verify(foreign, [pinned()]), refused("signature-untrusted"));
  const material = keyless.verificationMaterial as JsonObject;
  const unlogged = { ...keyless, verificationMaterial: { certificate: material.certificate as Json } };
  await assert.rejects(verify(unlogged, [pinned()]), refused("signature-untrusted"));
  const envelope = keyless.dsseEnvelope as JsonObject;
  const payload = Buffer.from(JSON.stringify(provenanceOf(ANOTHER))).toString("base64");
  const changed = { ...keyless, dsseEnvelope: { ...envelope, payload } };
  await assert.rejects(verify(changed, [pinned()], { image: ANOTHER }), refused("signature-untrusted"));
});
