import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { envelopeJson, sealEnvelope } from "../dsse/index.ts";
import type { Json, JsonObject } from "../jcs/index.ts";
import { type Certified, certify, TEST_EPOCH } from "../svid/test-authority.ts";
import { VerificationError } from "../verification-error.ts";
import { readCertificate } from "../x509/index.ts";
import { differencesFrom, inOrder, isIgnored, isModelPath, type ModelManifest, rootDigest, signModel, verifyModelSignature } from "./index.ts"; // biome-ignore format: one thought

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve });
const { privateKey, publicKey } = ec("P-384");

const resources = ["config.json", "weights/1.safetensors", "weights/2.safetensors"].map((name) => ({
  name,
  digest: sha256(name),
}));
const manifest: ModelManifest = {
  name: "tiny",
  root: rootDigest(resources),
  resources,
  serialization: {
    method: "files",
    hashType: "sha256",
    allowSymlinks: false,
    ignorePaths: [".git", "model.sig"],
  },
};
const bundle = signModel(manifest, { key: privateKey });

const refused = (code: string) => (error: unknown) =>
  error instanceof VerificationError && error.code === code;
const verified = (text: string, key: KeyObject = publicKey) =>
  verifyModelSignature(text, { kind: "key", key });

/** A bundle over this statement, signed as it should be: by somebody with the right key who writes wrongly. */
function bundleOf(statement: Json | string, payloadType = "application/vnd.in-toto+json"): string {
  const payload = Buffer.from(typeof statement === "string" ? statement : JSON.stringify(statement));
  return JSON.stringify({
    ...JSON.parse(bundle),
    dsseEnvelope: envelopeJson(sealEnvelope(payloadType, payload, privateKey)),
  });
}
const statementOf = (text: string): JsonObject =>
  JSON.parse(Buffer.from(JSON.parse(text).dsseEnvelope.payload, "base64").toString());

/** The statement with something changed about it, its root right for whatever its resources are. */
function changed(
  change: (
    statement: JsonObject & {
      predicate: { resources: JsonObject[]; serialization: JsonObject };
      subject: JsonObject[];
    },
  ) => void,
): string {
  const statement = statementOf(bundle) as Parameters<typeof change>[0];
  change(statement);
  return bundleOf(statement);
}

const withResources = (
  names: readonly string[],
  serialization: JsonObject = {},
  algorithm = "sha256",
): string => {
  const entries = names.map((name) => ({ name, digest: sha256(name), algorithm }));
  return changed((statement) => {
    statement.predicate.resources = entries;
    Object.assign(statement.predicate.serialization, serialization);
    statement.subject = [{ name: "tiny", digest: { sha256: rootDigest(entries) } }];
  });
};

describe("a model's signature", () => {
  test("with a key of P-256, P-384 or P-521 is read back as it was signed, and by no other key", () => {
    for (const curve of ["P-256", "P-384", "P-521"]) {
      const pair = ec(curve);
      const text = signModel(manifest, { key: pair.privateKey });
      assert.deepEqual(verified(text, pair.publicKey), { manifest });
      assert.throws(() => verified(text, ec(curve).publicKey), refused("unknown-key"));
    }
  });

  test("is in the published form: hint, log entries, type, and a root over raw digests", () => {
    const { mediaType, verificationMaterial, dsseEnvelope } = JSON.parse(bundle);
    assert.equal(mediaType, "application/vnd.dev.sigstore.bundle.v0.3+json");
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    assert.deepEqual(verificationMaterial, { publicKey: { hint: sha256(pem) }, tlogEntries: [] });
    assert.equal(dsseEnvelope.payloadType, "application/vnd.in-toto+json");
    const raw = Buffer.concat(resources.map(({ digest }) => Buffer.from(digest, "hex")));
    assert.deepEqual(statementOf(bundle).subject, [
      { name: "tiny", digest: { sha256: createHash("sha256").update(raw).digest("hex") } },
    ]);
  });

  test("of before version 1.1.0 brings the key's text in place of its hint: it is compared, and never trusted", () => {
    const old = (pem: string) =>
      JSON.stringify({
        ...JSON.parse(bundle),
        verificationMaterial: {
          publicKey: { rawBytes: Buffer.from(pem).toString("base64"), keyDetails: "PKIX_ECDSA_P384_SHA_384" },
        },
      });
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    assert.deepEqual(verified(old(pem)), { manifest });
    const mallory = ec("P-384").publicKey.export({ type: "spki", format: "pem" }).toString();
    assert.throws(() => verified(old(mallory)), refused("unknown-key"));
    assert.throws(() => verified(old("no key")), refused("malformed"));
  });

  test("with a hint of ours and somebody else's signature is broken", () => {
    const mallory = JSON.parse(signModel(manifest, { key: ec("P-384").privateKey }));
    const text = JSON.stringify({ ...JSON.parse(bundle), dsseEnvelope: mallory.dsseEnvelope });
    assert.throws(() => verified(text), refused("bad-signature"));
  });

  test("does not survive a changed byte anywhere in its text", () => {
    fc.assert(
      fc.property(fc.nat(bundle.length - 1), fc.integer({ min: 1, max: 127 }), (at, by) => {
        const bytes = Buffer.from(bundle);
        bytes[at] = (bytes[at] ?? 0) ^ by;
        assert.throws(() => verifyModelSignature(bytes, { kind: "key", key: publicKey }), VerificationError);
      }),
      // What says the same in other words: white space for white space, of which there is none here.
      { numRuns: 300 },
    );
  });

  test("is by no key of another kind", () => {
    const ed25519 = generateKeyPairSync("ed25519");
    assert.throws(() => signModel(manifest, { key: ed25519.privateKey }), refused("wrong-alg"));
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
    assert.throws(() => signModel(manifest, { key: rsa.privateKey }), refused("wrong-alg"));
    const pem = ed25519.publicKey.export({ type: "spki", format: "pem" }).toString();
    const text = JSON.stringify({
      ...JSON.parse(bundle),
      verificationMaterial: { publicKey: { hint: sha256(pem) } },
      dsseEnvelope: envelopeJson(
        sealEnvelope(
          "application/vnd.in-toto+json",
          Buffer.from(JSON.stringify(statementOf(bundle))),
          ed25519.privateKey,
        ),
      ),
    });
    assert.throws(() => verified(text, ed25519.publicKey), refused("wrong-alg"));
  });
});

describe("the bundle", () => {
  const parts = JSON.parse(bundle);
  const material = parts.verificationMaterial;
  const wrong: Readonly<Record<string, readonly [string, JsonObject]>> = {
    "another media type": [
      "wrong-typ",
      { ...parts, mediaType: "application/vnd.dev.sigstore.bundle.v0.2+json" },
    ],
    "no material": ["malformed", { ...parts, verificationMaterial: {} }],
    "material of two kinds": [
      "malformed",
      { ...parts, verificationMaterial: { ...material, x509CertificateChain: {} } },
    ],
    "a member that it does not have": ["malformed", { ...parts, messageSignature: {} }],
    "log entries beside a key": [
      "malformed",
      { ...parts, verificationMaterial: { ...material, tlogEntries: [{}] } },
    ],
    "timestamps beside a key": [
      "malformed",
      { ...parts, verificationMaterial: { ...material, timestampVerificationData: {} } },
    ],
    "a hint that is none": ["malformed", { ...parts, verificationMaterial: { publicKey: { hint: "abc" } } }],
    "hint and key": [
      "malformed",
      { ...parts, verificationMaterial: { publicKey: { ...material.publicKey, rawBytes: "AA==" } } },
    ],
    "two signatures": [
      "malformed",
      {
        ...parts,
        dsseEnvelope: { ...parts.dsseEnvelope, signatures: Array(2).fill(parts.dsseEnvelope.signatures[0]) },
      },
    ],
    "a key id": [
      "malformed",
      {
        ...parts,
        dsseEnvelope: {
          ...parts.dsseEnvelope,
          signatures: [{ ...parts.dsseEnvelope.signatures[0], keyid: "x" }],
        },
      },
    ],
    "an empty chain": [
      "malformed",
      { ...parts, verificationMaterial: { x509CertificateChain: { certificates: [] } } },
    ],
    "a chain without end": [
      "malformed",
      {
        ...parts,
        verificationMaterial: {
          x509CertificateChain: { certificates: Array(11).fill({ rawBytes: "AA==" }) },
        },
      },
    ],
  };
  for (const [what, [code, json]] of Object.entries(wrong)) {
    test(`with ${what} is refused`, () => {
      assert.throws(() => verified(JSON.stringify(json)), refused(code));
    });
  }

  test("that two readers could read differently is refused", () => {
    assert.throws(() => verified(bundle.replace("{", '{"mediaType":"x",')), refused("malformed"));
    assert.throws(() => verified(""), refused("malformed"));
    assert.throws(() => verified(`${bundle}x`), refused("malformed"));
  });

  test("without log entries, or with keyid null, is the same bundle", () => {
    const { tlogEntries: _, ...bare } = material;
    const [signature] = parts.dsseEnvelope.signatures;
    for (const keyid of [null, "", undefined]) {
      const envelope = { ...parts.dsseEnvelope, signatures: [{ ...signature, keyid }] };
      assert.ok(verified(JSON.stringify({ ...parts, verificationMaterial: bare, dsseEnvelope: envelope })));
    }
  });
});

describe("the statement, whoever signed it,", () => {
  const rule = (what: string, code: string, text: () => string) =>
    test(`${what} is refused`, () => assert.throws(() => verified(text()), refused(code)));

  rule("of another type", "wrong-typ", () =>
    changed((it) => Object.assign(it, { _type: "https://in-toto.io/Statement/v0.1" })),
  );
  rule("of another predicate", "wrong-typ", () =>
    changed((it) => Object.assign(it, { predicateType: "https://model_signing/Digests/v0.1" })),
  );
  rule("of another payload type", "wrong-typ", () => bundleOf(statementOf(bundle), "application/json"));
  rule("that is no JSON", "malformed", () => bundleOf("model"));
  rule("with a member twice", "malformed", () =>
    bundleOf(JSON.stringify(statementOf(bundle)).replace("{", '{"predicateType":"x",')),
  );
  rule("with a member more", "malformed", () => changed((it) => Object.assign(it, { more: 1 })));
  rule("with two subjects", "malformed", () => changed((it) => it.subject.push(it.subject[0] ?? {})));
  rule("with a subject of two digests", "malformed", () =>
    changed((it) => Object.assign(it.subject[0] ?? {}, { digest: { sha256: manifest.root, sha1: "00" } })),
  );
  rule("with a root that is not that of its files", "malformed", () =>
    changed((it) => Object.assign(it.subject[0] ?? {}, { digest: { sha256: sha256("other") } })),
  );
  rule("with a member more in its predicate", "malformed", () =>
    changed((it) => Object.assign(it.predicate, { more: 1 })),
  );
  rule("without files", "malformed", () => withResources([]));
  rule("with a file twice", "malformed", () => withResources(["a", "a"]));
  rule("with files out of order", "malformed", () => withResources(["b", "a"]));
  rule("with files in JavaScript's order of names", "malformed", () =>
    withResources(["\u{1f600}", "\uff5e"]),
  );
  rule("with digests of another algorithm than said", "malformed", () => withResources(["a"], {}, "blake2b"));
  rule("with a digest in capitals", "malformed", () =>
    changed((it) => Object.assign(it.predicate.resources[0] ?? {}, { digest: sha256("x").toUpperCase() })),
  );
  rule("with a digest as a map", "malformed", () =>
    changed((it) => Object.assign(it.predicate.resources[0] ?? {}, { digest: { sha256: sha256("x") } })),
  );
  rule("with a hash that is not known", "malformed", () => withResources(["a"], { hash_type: "md5" }, "md5"));
  rule("with a method that is not known", "malformed", () => withResources(["a"], { method: "tree" }));
  rule("with files of a shard size", "malformed", () => withResources(["a"], { shard_size: 1 }));
  rule("with shards of no size", "malformed", () => withResources(["a:0:1"], { method: "shards" }));
  rule("without saying whether links were followed", "malformed", () =>
    withResources(["a"], { allow_symlinks: "no" }),
  );
  rule("that leaves out what lies outside", "malformed", () =>
    withResources(["a"], { ignore_paths: ["../a"] }),
  );
  rule("of a file and others beside it", "malformed", () => withResources([".", "a"]));
  for (const name of [
    "",
    "/a",
    "a/",
    "a//b",
    "./a",
    "a/./b",
    "../a",
    "a/../b",
    "..",
    "a\u0000b",
    "x".repeat(256),
  ])
    rule(`with the path ${JSON.stringify(name.slice(0, 12))}`, "malformed", () => withResources([name]));

  test("may name one file as `.`: an old signer's word for the model itself", () => {
    assert.equal(verified(withResources(["."])).manifest.resources[0]?.name, ".");
  });

  test("may say more of a file than we read, and nothing about what was left out", () => {
    const text = changed((it) => {
      Object.assign(it.predicate.resources[0] ?? {}, { mediaType: "application/json", annotations: {} });
      delete it.predicate.serialization.ignore_paths;
    });
    assert.deepEqual(verified(text).manifest.serialization.ignorePaths, []);
  });
});

describe("parts of files", () => {
  const shards = (names: readonly string[], shard_size = 10) =>
    withResources(names, { method: "shards", shard_size });

  test("follow one another from 0, each of the size that was said but for the last", () => {
    const names = ["a:b:0:10", "a:b:10:20", "a:b:20:21", "c:0:3"];
    assert.equal(verified(shards(names)).manifest.serialization.shardSize, 10);
    const many = Array.from({ length: 12 }, (_, i) => `w:${i * 10}:${(i + 1) * 10}`);
    assert.ok(verified(shards(many)), "in the order of the numbers, as the reference implementation writes");
    assert.ok(
      verified(shards(many.toSorted(inOrder))),
      "in the order of the names, as the specification says",
    );
    assert.throws(() => verified(shards(many.toReversed())), refused("malformed"));
  });

  const wrong = [["a:0:10", "a:11:20"], ["a:1:10"], ["a:0:10", "a:5:10"], ["a:0:11"], ["a:0:0"], ["a:10:0"], ["a:0:5", "a:5:15"], ["a:00:10"], ["a"], ["a:0"], ["../a:0:10"], ["a:0:99999999999999999"]]; // biome-ignore format: one list
  for (const names of wrong) {
    test(`${names.join(", ")} are not the parts of a file`, () => {
      assert.throws(() => verified(shards(names)), refused("malformed"));
    });
  }
});

describe("a certificate's signature", async () => {
  const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";
  const identity = "https://builds.example.com/model-release";
  const root = await certify(undefined, { authority: true, subject: "CN=Root" });
  const middle = await certify(root, { authority: true, subject: "CN=Middle" });
  const leafOf = (wanted: object, issuer: Certified = middle) =>
    certify(issuer, { uris: [identity], purposes: [CODE_SIGNING], ...wanted });
  const leaf = await leafOf({});
  const signedBy = ({ key, der }: Certified, chain: readonly Certified[] = [middle]) =>
    signModel(manifest, { key, chain: [der, ...chain.map((each) => each.der)] });
  const trusted = {
    kind: "certificate",
    roots: [readCertificate(root.der)],
    identities: [identity],
    now: TEST_EPOCH,
  } as const;

  test("is taken from whoever is named, under the authorities that are trusted, as long as its certificates are valid", () => {
    const text = signedBy(leaf);
    const { manifest: said, expires } = verifyModelSignature(text, trusted);
    assert.deepEqual(said, manifest);
    assert.equal(expires, TEST_EPOCH + 3_600_000);
    const bySubject = { ...trusted, identities: ["CN=workload"] };
    assert.ok(verifyModelSignature(text, bySubject));
    assert.throws(
      () => verifyModelSignature(text, { ...trusted, now: TEST_EPOCH + 3_600_001 }),
      refused("expired"),
    );
    assert.throws(
      () => verifyModelSignature(text, { ...trusted, now: TEST_EPOCH - 3_600_001 }),
      refused("not-yet-valid"),
    );
  });

  test("is not taken from somebody else of the same authority, nor by half a name", () => {
    for (const identities of [[], ["https://builds.example.com/"], ["CN=Middle"], [`${identity}/`]])
      assert.throws(
        () => verifyModelSignature(signedBy(leaf), { ...trusted, identities }),
        refused("wrong-subject"),
      );
  });

  test("is not taken under another authority, with a chain that has a gap, or on its own root's word", async () => {
    const own = await certify(undefined, { authority: true, subject: "CN=Root" });
    const impostor = await leafOf({}, own);
    assert.throws(() => verifyModelSignature(signedBy(impostor, [own]), trusted), refused("unknown-key"));
    assert.throws(() => verifyModelSignature(signedBy(leaf, []), trusted), refused("unknown-key"));
  });

  test("is not taken with a certificate for something else than signing code", async () => {
    for (const wanted of [
      { purposes: ["1.3.6.1.5.5.7.3.1"] },
      { purposes: undefined },
      { noUsages: true },
      { usages: 4 },
    ]) {
      const other = await leafOf(wanted);
      assert.throws(() => verifyModelSignature(signedBy(other), trusted), refused("wrong-subject"));
    }
  });

  test("by another key than the certificate's is broken, and the modes are not mixed up", () => {
    const text = signModel(manifest, { key: ec("P-256").privateKey, chain: [leaf.der, middle.der] });
    assert.throws(() => verifyModelSignature(text, trusted), refused("bad-signature"));
    assert.throws(() => verifyModelSignature(bundle, trusted), refused("unknown-key"));
    assert.throws(() => verified(signedBy(leaf)), refused("unknown-key"));
  });
});

describe("the laws of manifests", () => {
  const digest = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => Buffer.from(bytes).toString("hex"));
  const name = fc
    .string({ unit: fc.constantFrom(..."aZ0._-/ é\uff5e\u{1f600}:"), minLength: 1, maxLength: 8 })
    .filter(isModelPath);
  const files = fc.uniqueArray(fc.record({ name, digest }, { noNullPrototype: true }), {
    selector: (file) => file.name,
    minLength: 1,
    maxLength: 8,
  });

  test("whatever files a model has, what is signed is what is read", () => {
    fc.assert(
      fc.property(files, (found) => {
        const sorted = found.toSorted((one, other) => inOrder(one.name, other.name));
        const signed = { ...manifest, resources: sorted, root: rootDigest(sorted) };
        assert.deepEqual(verified(signModel(signed, { key: privateKey })).manifest, signed);
      }),
      { numRuns: 100 },
    );
  });

  test("nothing differs from itself, and whatever was done to one file is told, and nothing else", () => {
    fc.assert(
      fc.property(files, fc.nat(), digest, (found, at, other) => {
        assert.deepEqual(differencesFrom(found, found.toReversed()), []);
        const one = found[at % found.length];
        assert.ok(one);
        const rest = found.filter((each) => each !== one);
        assert.deepEqual(differencesFrom(found, rest), [{ kind: "missing", name: one.name }]);
        assert.deepEqual(differencesFrom(rest, found), [{ kind: "extra", name: one.name }]);
        fc.pre(other !== one.digest);
        const changedOne = [...rest, { ...one, digest: other }];
        assert.deepEqual(differencesFrom(found, changedOne), [{ kind: "changed", name: one.name }]);
      }),
    );
  });

  test("whole names are left out, from the model's root, with all below them", () => {
    assert.ok(isIgnored(".git", [".git"]) && isIgnored(".git/HEAD", [".git"]));
    assert.ok(!isIgnored(".gitmodules", [".git"]) && !isIgnored("a/.git", [".git"]));
  });
});
