import { type KeyObject, X509Certificate } from "node:crypto";
import { PURPOSE } from "@countersign/proof/x509";
import { minutes } from "../lib/index.ts";

/** Longer than any path that is in use. */
const MOST_CERTIFICATES = 8;
/** So that it fits into a file that we would read again. */
const MOST_CHARACTERS = 48_000;
/** What ends sooner would be asked for again and again, whichever of the certificates it is that ends. */
const SHORTEST_LIFE = minutes(5);

const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,24000}?-----END CERTIFICATE-----/g;

/** What it must be to be served. */
export interface Wanted {
  readonly key: KeyObject;
  readonly name: string;
  readonly now: number;
}

/**
 * Judges what an authority has sent before anybody is served with it: our key, our name and no other host's, for
 * servers, each certificate signed by the next, and all of them good now and for a while. Whether clients trust its root is theirs.
 * @returns it in PEM as we write it, and when it ends
 * @throws Error
 */
export function judgeChain(attackerPem: string, wanted: Wanted): { chain: string; expires: number } {
  const certificates = certificatesIn(attackerPem);
  const [leaf] = certificates;
  if (leaf === undefined) throw new Error("the authority sends no certificate");
  requireLeaf(leaf, wanted);
  for (const certificate of certificates) requireGoodNow(certificate, wanted.now);
  requireOrder(certificates);
  return {
    chain: certificates.map((each) => each.toString()).join(""),
    expires: Math.min(...certificates.map(({ validTo }) => Date.parse(validTo))),
  };
}

function certificatesIn(attackerPem: string): X509Certificate[] {
  if (attackerPem.length > MOST_CHARACTERS) throw new Error("the chain of certificates is too long");
  const blocks = attackerPem.match(BLOCK) ?? [];
  if (attackerPem.replaceAll(BLOCK, "").trim() !== "" || blocks.length > MOST_CERTIFICATES)
    throw new Error("the authority sends something else than a chain of certificates");
  return blocks.map((block) => new X509Certificate(block));
}

function requireLeaf(leaf: X509Certificate, { key, name }: Wanted): void {
  if (!leaf.checkPrivateKey(key)) throw new Error("the certificate is for another key");
  if (leaf.ca) throw new Error("the certificate is an authority's");
  const named = leaf.checkHost(name, { subject: "never", wildcards: false });
  if (named === undefined || leaf.subjectAltName !== `DNS:${named}`)
    throw new Error("the certificate is not for the one name that was asked for");
  if (leaf.keyUsage !== undefined && !leaf.keyUsage.includes(PURPOSE.serverAuth))
    throw new Error("the certificate is not for servers");
}

function requireGoodNow({ validFrom, validTo }: X509Certificate, now: number): void {
  if (Date.parse(validFrom) > now) throw new Error("a certificate is not valid yet");
  if (Date.parse(validTo) - now < SHORTEST_LIFE) throw new Error("a certificate has expired, or does soon");
}

function requireOrder(certificates: readonly X509Certificate[]): void {
  for (const [i, certificate] of certificates.entries()) {
    const issuer = certificates[i + 1];
    if (issuer === undefined) return;
    const signed = issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
    if (!signed) throw new Error("the certificates are not each signed by the next");
  }
}
