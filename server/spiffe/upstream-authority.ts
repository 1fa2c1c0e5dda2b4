import { createPrivateKey, type KeyObject, sign, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  type Certificate,
  KEY_USAGE,
  keyIdOf,
  oidOf,
  readCertificate,
  sequenceOf,
  type Upstream,
  validatePath,
} from "@countersign/proof/x509";
import { Fault } from "../lib/index.ts";

/** Where the company's own authority is. */
export interface UpstreamFiles {
  /** Its certificate, then those above it up to its root, in PEM. */
  readonly cert: string;
  readonly key: string;
}

/** The company's own authority, which signs the certificates of ours. */
export interface UpstreamAuthority extends Upstream {
  /** Its certificate and those above it, without the root. Empty where it is the root itself. */
  readonly intermediates: readonly Uint8Array[];
  readonly root: Uint8Array;
  /** When the first of them expires, milliseconds since the epoch. */
  readonly expires: number;
  sign(bytes: Uint8Array): Uint8Array;
}

/**
 * Reads the company's own authority, and refuses one that could not sign ours: what is found at the start is
 * found by the operator, and not by a workload.
 * @param now milliseconds since the epoch
 * @throws Fault `unavailable`
 */
export function readUpstream(files: UpstreamFiles, now: number): UpstreamAuthority {
  try {
    return upstreamOf(certificatesIn(readFileSync(files.cert, "utf8")), readKey(files.key), now);
  } catch (cause) {
    throw new Fault("unavailable", "The company's authority cannot sign the certificates of ours.", {
      remedy:
        "Check the paths of --ca-cert and --ca-key: the authority's certificate first and its root last, all " +
        "within their time, one more authority allowed below it, and the key that belongs to it.",
      cause,
    });
  }
}

const readKey = (path: string): KeyObject => createPrivateKey(readFileSync(path));

function certificatesIn(pem: string): Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => readCertificate(new X509Certificate(block).raw));
}

function upstreamOf(chain: readonly Certificate[], key: KeyObject, now: number): UpstreamAuthority {
  const [own, ...above] = chain;
  const root = chain.at(-1);
  if (own === undefined || root === undefined) throw new Error("there is no certificate");
  requireFit(own, root, key);
  const expires = validatePath(own, above, [root], now);
  const { algorithm, digest } = algorithmOf(key);
  return {
    name: own.subject,
    keyId: own.keyId ?? keyIdOf(own.x509.publicKey.export({ format: "der", type: "spki" })),
    algorithm,
    intermediates: chain.slice(0, -1).map(({ raw }) => raw),
    root: root.raw,
    expires,
    sign: (bytes) => sign(digest, bytes, key),
  };
}

function requireFit(own: Certificate, root: Certificate, key: KeyObject): void {
  const { authority, keyUsage, pathLength = 1, x509 } = own;
  if (!authority || keyUsage?.has(KEY_USAGE.keyCertSign) !== true)
    throw new Error("it signs no certificates");
  if (pathLength < 1) throw new Error("no authority is allowed below it");
  if (!x509.checkPrivateKey(key)) throw new Error("the key is another one's");
  if (!root.x509.verify(root.key)) throw new Error("the last certificate is no root");
}

const NULL = Uint8Array.of(0x05, 0x00);
const ALGORITHMS: Readonly<Record<string, { algorithm: Uint8Array; digest: string | null }>> = {
  prime256v1: { algorithm: sequenceOf(oidOf("1.2.840.10045.4.3.2")), digest: "sha256" },
  secp384r1: { algorithm: sequenceOf(oidOf("1.2.840.10045.4.3.3")), digest: "sha384" },
  secp521r1: { algorithm: sequenceOf(oidOf("1.2.840.10045.4.3.4")), digest: "sha512" },
  rsa: { algorithm: sequenceOf(oidOf("1.2.840.113549.1.1.11"), NULL), digest: "sha256" },
  ed25519: { algorithm: sequenceOf(oidOf("1.3.101.112")), digest: null },
};

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) {
  const known = ALGORITHMS[asymmetricKeyDetails?.namedCurve ?? String(asymmetricKeyType)];
  if (known === undefined) throw new Error("a key of this kind signs nothing here");
  return known;
}
