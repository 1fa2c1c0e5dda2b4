/** For tests only: signers of every kind, and what they sign, right and wrong. */
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  X509Certificate,
} from "node:crypto";
import { envelopeJson, preAuthEncoding, sealEnvelope, signatureBy } from "@countersign/proof/dsse";
import type { Json, JsonObject } from "@countersign/proof/jcs";
import { STATEMENT_PAYLOAD } from "@countersign/proof/statement";
import { initializeCA, initializeCTLog, initializeTLog } from "@sigstore/mock";
import { type Certified, certify } from "../../../proof/svid/test-authority.ts";
import {
  fingerprintOf,
  type Signer,
  type SignerBuilder,
  type SignerPurpose,
  type SignerTrust,
} from "./signer.ts";

export const MANIFEST = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: `sha256:${"c".repeat(64)}`,
      size: 7,
    },
    layers: [],
  }),
);
export const CONFIG = `sha256:${"c".repeat(64)}`;
export const sha256 = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");
export const IMAGE = `sha256:${sha256(MANIFEST)}`;
export const ANOTHER = `sha256:${"b".repeat(64)}`;

export const newKey = (namedCurve = "P-256"): KeyObject =>
  generateKeyPairSync("ec", { namedCurve }).privateKey;

export const pemOf = (key: KeyObject): string => {
  const { x, y, crv, kty } = key.export({ format: "jwk" });
  const jwk = { x, y, crv, kty } as Record<string, string>;
  return publicOf(jwk);
};

const publicOf = (jwk: Record<string, string>): string =>
  createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" }).toString();

export const BUILDER = "https://builder.acme.example/v1";
export const SOURCE = "git+https://git.acme.example/agents/reporter";
export const COMMIT = "1".repeat(40);

export const signerWith = (
  name: string,
  trust: SignerTrust,
  purposes: readonly SignerPurpose[] = ["image"],
  builders: readonly SignerBuilder[] = purposes.includes("provenance") ? [{ id: BUILDER, level: 3 }] : [],
): Signer => ({
  id: `signer_${name}`,
  name,
  kind: trust.kind,
  purposes,
  trust,
  builders,
  fingerprint: fingerprintOf(trust),
  updated: 0,
  revision: 0,
});

export const keyTrust = (key: KeyObject): SignerTrust => ({ kind: "key", key: pemOf(key) });

export const statementAbout = (image: string, predicateType: string, predicate: Json = {}): JsonObject => ({
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "registry.acme.example/reporter", digest: { sha256: image.slice(7) } }],
  predicateType,
  predicate,
});

export const COSIGN = "https://sigstore.dev/cosign/sign/v1";
export const signatureOn = (image = IMAGE): JsonObject => statementAbout(image, COSIGN);

/** As GitHub's builder writes it. */
export const provenanceOf = (image = IMAGE, lies: Record<string, Json> = {}): JsonObject =>
  statementAbout(image, "https://slsa.dev/provenance/v1", {
    buildDefinition: {
      buildType: "https://actions.github.io/buildtypes/workflow/v1",
      externalParameters: { workflow: { ref: "refs/heads/main", path: ".github/workflows/build.yml" } },
      internalParameters: { github: { event_name: "push" } },
      resolvedDependencies: [{ uri: `${SOURCE}@refs/heads/main`, digest: { gitCommit: COMMIT } }],
      ...lies,
    },
    runDetails: { builder: { id: lies.builder ?? BUILDER }, metadata: { invocationId: "run/1" } },
  });

export const MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const envelopeOf = (statement: Json, key: KeyObject, payloadType = STATEMENT_PAYLOAD): JsonObject =>
  envelopeJson(sealEnvelope(payloadType, Buffer.from(JSON.stringify(statement)), key));

export const byKey = (statement: Json, key: KeyObject, payloadType?: string): JsonObject => ({
  mediaType: MEDIA_TYPE,
  verificationMaterial: { publicKey: { hint: "" } },
  dsseEnvelope: envelopeOf(statement, key, payloadType),
});

export const overManifest = (key: KeyObject, manifest: Uint8Array = MANIFEST): JsonObject => ({
  mediaType: MEDIA_TYPE,
  verificationMaterial: { publicKey: { hint: "" } },
  messageSignature: {
    messageDigest: { algorithm: "SHA2_256", digest: Buffer.from(sha256(manifest), "hex").toString("base64") },
    signature: Buffer.from(signatureBy(key, manifest)).toString("base64"),
  },
});

/** What `cosign download signature` prints. */
export function simpleSigning(
  key: KeyObject,
  image = IMAGE,
  type = "cosign container image signature",
): JsonObject {
  const identity = { "docker-reference": "registry.acme.example/reporter" };
  const payload = Buffer.from(
    JSON.stringify({
      critical: { identity, image: { "docker-manifest-digest": image }, type },
      optional: null,
    }),
  );
  return {
    Base64Signature: sign("sha256", payload, key).toString("base64"),
    Payload: payload.toString("base64"),
    Cert: null,
    Chain: null,
    Bundle: null,
    RFC3161Timestamp: null,
  };
}

export const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";

/** A company's authority, and a certificate of it for signing code. */
export async function openCompany(identity: string, wanted: { notAfter?: number; purposes?: string[] } = {}) {
  const ca = await certify(undefined, { authority: true, subject: "CN=acme signing" });
  const leaf = await certify(ca, { uris: [identity], purposes: [CODE_SIGNING], ...wanted });
  const trust: SignerTrust = { kind: "certificate", ca: ca.pem, identity };
  return { ca, leaf, trust };
}

export const byCertificate = (
  statement: Json,
  { leaf }: { readonly leaf: Certified },
  key = leaf.key,
): JsonObject => ({
  mediaType: MEDIA_TYPE,
  verificationMaterial: {
    x509CertificateChain: { certificates: [{ rawBytes: leaf.der.toString("base64") }] },
  },
  dsseEnvelope: envelopeOf(statement, key),
});

/** A Sigstore of the tests' own: authority, certificate transparency, and the log that says when. */
export async function openSigstore(now: Date) {
  // The mock dates its root by the real clock, a moment after this: what is signed must not be older than it.
  const clock = new Date(now.getTime() + 5_000);
  const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ctLog = await initializeCTLog(pair(), clock);
  const ca = await initializeCA(pair(), ctLog, clock);
  const tlog = await initializeTLog("https://rekor.acme.example", pair(), clock);
  const start = new Date(clock.getTime() - 1_000_000).toISOString();
  const bytes = (view: ArrayBufferView) => Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  const logOf = (publicKey: Buffer, keyId: Buffer): JsonObject => ({
    baseUrl: "https://rekor.acme.example",
    hashAlgorithm: "SHA2_256",
    publicKey: {
      rawBytes: publicKey.toString("base64"),
      keyDetails: "PKIX_ECDSA_P256_SHA_256",
      validFor: { start },
    },
    logId: { keyId: keyId.toString("base64") },
  });
  const trusted_root: JsonObject = {
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [logOf(tlog.publicKey, createHash("sha256").update(tlog.publicKey).digest())],
    ctlogs: [logOf(ctLog.publicKey, bytes(ctLog.logID))],
    certificateAuthorities: [
      {
        subject: { organization: "sigstore.mock", commonName: "sigstore" },
        uri: "https://fulcio.acme.example",
        certChain: { certificates: [{ rawBytes: bytes(ca.rootCertificate).toString("base64") }] },
        validFor: { start },
      },
    ],
    timestampAuthorities: [],
  };

  /** Signs keyless, as this identity. */
  async function keyless(
    statement: Json,
    { san, issuer }: { san: string; issuer: string },
  ): Promise<JsonObject> {
    const { privateKey, publicKey } = pair();
    const certificate = bytes(
      await ca.issueCertificate({
        publicKey: publicKey.export({ type: "spki", format: "der" }) as Buffer<ArrayBuffer>,
        subjectAltName: san,
        extensions: [{ oid: "1.3.6.1.4.1.57264.1.8", value: issuer }],
      }),
    );
    const payload = Buffer.from(JSON.stringify(statement));
    const signature = sign(
      "sha256",
      preAuthEncoding({ payloadType: STATEMENT_PAYLOAD, payload }),
      privateKey,
    );
    const pem = new X509Certificate(certificate).toString();
    const entry = await tlog.log({
      kind: "dsse",
      apiVersion: "0.0.1",
      spec: {
        envelopeHash: { algorithm: "sha256", value: sha256("envelope") },
        payloadHash: { algorithm: "sha256", value: sha256(payload) },
        signatures: [
          { signature: signature.toString("base64"), verifier: Buffer.from(pem).toString("base64") },
        ],
      },
    });
    const [logged] = Object.values(entry);
    if (logged === undefined) throw new Error("not logged");
    return {
      mediaType: MEDIA_TYPE,
      verificationMaterial: {
        certificate: { rawBytes: certificate.toString("base64") },
        tlogEntries: [logEntryOf(logged)],
        timestampVerificationData: { rfc3161Timestamps: [] },
      },
      dsseEnvelope: {
        payload: payload.toString("base64"),
        payloadType: STATEMENT_PAYLOAD,
        signatures: [{ sig: signature.toString("base64"), keyid: "" }],
      },
    };
  }
  return { trusted_root, keyless };
}

type Logged = Awaited<ReturnType<Awaited<ReturnType<typeof initializeTLog>>["log"]>>[string];

function logEntryOf({ body, integratedTime, logID, logIndex, verification }: Logged): JsonObject {
  const { inclusionProof, signedEntryTimestamp = "" } = verification ?? {};
  return {
    logIndex: String(logIndex),
    logId: { keyId: Buffer.from(logID, "hex").toString("base64") },
    kindVersion: { kind: "dsse", version: "0.0.1" },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(inclusionProof?.logIndex),
      rootHash: Buffer.from(inclusionProof?.rootHash ?? "", "hex").toString("base64"),
      treeSize: String(inclusionProof?.treeSize),
      hashes: [],
      checkpoint: { envelope: inclusionProof?.checkpoint ?? "" },
    },
    canonicalizedBody: String(body),
  };
}
