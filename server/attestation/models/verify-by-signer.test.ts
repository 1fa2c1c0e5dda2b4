import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { before, describe, test } from "node:test";
import type { JsonObject } from "@countersign/proof/jcs";
import { type ModelManifest, rootDigest, signModel } from "@countersign/proof/model-signature";
import { Fault } from "../../lib/index.ts";
import type { Signer, SignerTrust } from "../artifacts/signer.ts";
import { openSigstore } from "../artifacts/test-signatures.ts";
import { verifyBySigner } from "./verify-by-signer.ts";

const IDENTITY = { san: "https://github.com/lab/models/.github/workflows/release.yml@refs/heads/main", issuer: "https://token.actions.githubusercontent.com" }; // biome-ignore format: one thought
const resources = [{ name: "weights.bin", digest: "0".repeat(64) }];
const serialization = { method: "files", hashType: "sha256", allowSymlinks: false, ignorePaths: [] } as const;
const manifest: ModelManifest = { name: "tiny", root: rootDigest(resources), resources, serialization };
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

const byKey = JSON.parse(signModel(manifest, { key: privateKey })) as JsonObject & {
  dsseEnvelope: { payload: string };
};
const statement = JSON.parse(Buffer.from(byKey.dsseEnvelope.payload, "base64").toString());
const reasonIs = (reason: string) => (error: unknown) =>
  error instanceof Fault && error.members.reason === reason;

describe("a model that was signed without a key of its own", () => {
  let sigstore: Awaited<ReturnType<typeof openSigstore>>;
  let keyless: JsonObject;
  before(async () => {
    sigstore = await openSigstore(new Date());
    keyless = await sigstore.keyless(statement, IDENTITY);
  });
  const verify = (bundle: JsonObject, lies: object = {}) => {
    const trust: SignerTrust = {
      kind: "sigstore",
      trusted_root: sigstore.trusted_root,
      ...IDENTITY,
      ...lies,
    };
    return verifyBySigner(bundle, { trust } as Signer, Date.now());
  };

  test("is taken from the pinned workflow alone, and counts without an end: the log says when it signed", async () => {
    assert.deepEqual(await verify(keyless), { manifest });
    for (const lie of [
      { san: `${IDENTITY.san}x` },
      { san: "https://github.com/lab/.*" },
      { issuer: "https://other.example" },
    ])
      await assert.rejects(verify(keyless, lie), reasonIs("model-signed-by-another"));
  });

  test("is refused with a statement or a signature of another, outside of the pinned logs, or by a mere key", async () => {
    const other = await sigstore.keyless(
      { ...statement, subject: [{ name: "x", digest: { sha256: manifest.root } }] },
      IDENTITY,
    );
    await assert.rejects(
      verify({ ...keyless, dsseEnvelope: other.dsseEnvelope ?? {} }),
      reasonIs("model-signature-broken"),
    );
    const elsewhere = await openSigstore(new Date());
    await assert.rejects(
      verify(await elsewhere.keyless(statement, IDENTITY)),
      reasonIs("model-signature-broken"),
    );
    await assert.rejects(verify(byKey), reasonIs("model-signed-by-another"));
  });

  test("says no less than any other: every rule of the statement holds", async () => {
    const wrong = await sigstore.keyless({ ...statement, more: 1 }, IDENTITY);
    await assert.rejects(verify(wrong), reasonIs("model-signature-unreadable"));
  });
});
