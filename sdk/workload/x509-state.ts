import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { parseTrustDomain } from "@countersign/proof/spiffe-id";
import { peekX509Svid, requireLeaf, type TrustBundle } from "@countersign/proof/svid";
import { type Certificate, readCertificate, same } from "@countersign/proof/x509";
import { Unreachable } from "../errors.ts";

/** An X.509-SVID of this process, with its key. */
export interface X509Svid {
  /** Its SPIFFE ID. */
  readonly id: string;
  /** DER, the leaf first. */
  readonly chain: readonly Uint8Array[];
  readonly key: KeyObject;
  /** Milliseconds since 1970. */
  readonly expires: number;
  /** Which of several it is. */
  readonly hint?: string;
}

/** What this process has and judges others by. */
export interface X509State {
  /** At least one; the first is the default. */
  readonly svids: readonly [X509Svid, ...X509Svid[]];
  /** By trust domain. Each judges its own and no other. */
  readonly bundles: ReadonlyMap<string, TrustBundle>;
}

/** What the Workload API sends. @see api/workload.proto X509SVIDResponse */
export interface X509Message {
  readonly svids: readonly {
    readonly spiffe_id: string;
    readonly x509_svid: Uint8Array;
    readonly x509_svid_key: Uint8Array;
    readonly bundle: Uint8Array;
    readonly hint: string;
  }[];
  readonly federated_bundles: Readonly<Record<string, Uint8Array>>;
}

/**
 * Reads a message whole or not at all: where something is missing or does not belong together, it is no state.
 * @throws Unreachable
 */
export function readState({ svids, federated_bundles }: X509Message): X509State {
  try {
    const [first, ...others] = svids.map(readSvid);
    if (first === undefined) throw new TypeError("there is no SVID");
    const own = svids.map(({ spiffe_id, bundle }) => [domainOf(spiffe_id), bundle] as const);
    const federated = Object.entries(federated_bundles).map(
      ([id, bundle]) => [domainOf(id), bundle] as const,
    );
    const bundles = new Map([...federated, ...own].map(([domain, ders]) => [domain, bundleOf(ders)]));
    return { svids: [first, ...others], bundles };
  } catch (cause) {
    throw new Unreachable("the Workload API sent what is no state of this process", { cause });
  }
}

function readSvid({ spiffe_id, x509_svid, x509_svid_key, hint }: X509Message["svids"][number]): X509Svid {
  const chain = splitCertificates(x509_svid).map(readCertificate);
  const [leaf] = chain;
  if (leaf === undefined) throw new TypeError("there is no certificate");
  requireLeaf(leaf);
  if (peekX509Svid(leaf).uri !== spiffe_id) throw new TypeError("the certificate is another's");
  const key = createPrivateKey({ key: Buffer.from(x509_svid_key), type: "pkcs8", format: "der" });
  if (!same(spkiOf(createPublicKey(key)), spkiOf(leaf.key))) throw new TypeError("the key is another one's");
  return {
    id: spiffe_id,
    chain: chain.map(({ raw }) => raw),
    key,
    expires: Math.min(...chain.map(({ notAfter }) => notAfter)),
    ...(hint === "" ? {} : { hint }),
  };
}

const spkiOf = (key: KeyObject): Uint8Array => key.export({ type: "spki", format: "der" });

function domainOf(id: string): string {
  const [, domain = ""] = /^spiffe:\/\/([^/]*)/.exec(id) ?? [];
  return parseTrustDomain(domain);
}

const bundleOf = (ders: Uint8Array): TrustBundle => ({
  roots: splitCertificates(ders).map((der): Certificate => readCertificate(der)),
  jwtKeys: new Map(),
});

/** Certificates that stand one after the other: each says how long it is. */
function splitCertificates(row: Uint8Array): Uint8Array[] {
  const certificates: Uint8Array[] = [];
  for (let at = 0; at < row.length; ) {
    // A certificate is a SEQUENCE of 128 to 65,535 bytes: its length stands in one byte or two.
    const [tag, form, high = 0, low = 0] = row.subarray(at, at + 4);
    const length = form === 0x82 ? 4 + high * 256 + low : form === 0x81 ? 3 + high : 0;
    if (tag !== 0x30 || length === 0 || at + length > row.length)
      throw new TypeError("no row of certificates");
    certificates.push(row.subarray(at, at + length));
    at += length;
  }
  return certificates;
}
