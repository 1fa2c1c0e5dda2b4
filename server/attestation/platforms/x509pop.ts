import { createHash } from "node:crypto";
import { hasSigned } from "@countersign/host/machine";
import { decodeBase64url } from "@countersign/proof/digest";
import type { Json } from "@countersign/proof/jcs";
import { type Certificate, certifiedPath, KEY_USAGE, readCertificate } from "@countersign/proof/x509";
import { z } from "zod";
import { authoritiesIn } from "./anchors.ts";
import { type ExpectedMachine, type JudgedMachine, sortedSelectors } from "./machine.ts";
import type { TrustOf } from "./machine-trust.ts";
import { orRefused, refused } from "./refused.ts";

const MOST_CERTIFICATES = 5;

const payload = z.strictObject({
  chain: z
    .array(
      z
        .string()
        .regex(/^[A-Za-z0-9+/]+={0,2}$/)
        .max(24_000),
    )
    .min(1)
    .max(MOST_CERTIFICATES),
  signature: z.string().max(1_400),
});

/**
 * A machine that has a certificate of its company's, and proves its key over this very attempt and the key that
 * it will hold.
 * @throws Fault `unauthenticated` with its reason
 * @see RFC 5280 §6.1
 */
export function judgeX509Pop(
  trust: TrustOf<"x509pop">,
  attackerPayload: Json,
  expected: ExpectedMachine & { readonly issuer: string },
): JudgedMachine {
  const said = payload.safeParse(attackerPayload);
  if (!said.success) throw refused("malformed", "This is no chain of certificates with a signature.");
  const [leaf, ...others] = orRefused("malformed", "A certificate cannot be read.", () =>
    said.data.chain.map((der) => readCertificate(Buffer.from(der, "base64"))),
  );
  if (leaf === undefined) throw refused("malformed", "There is no certificate.");
  requireMachine(leaf);
  const [, ...authorities] = orRefused(
    "untrusted-chain",
    "No authority that is trusted for machines has certified this one.",
    () => certifiedPath(leaf, others, authoritiesIn(trust.roots), expected.now),
  );
  requirePossession(leaf, said.data.signature, expected);
  return judged(leaf, authorities);
}

/** Who certifies others is no machine, and a key that is for something else proves nothing here. */
function requireMachine({ authority, keyUsage }: Certificate): void {
  if (!authority && (keyUsage === undefined || keyUsage.has(KEY_USAGE.digitalSignature))) return;
  throw refused("untrusted-chain", "This certificate is no machine's.", {
    remedy: "Send the machine's own certificate first, with a key for digital signatures.",
  });
}

function requirePossession(
  leaf: Certificate,
  attackerSignature: string,
  { issuer, nonce, jkt }: ExpectedMachine & { readonly issuer: string },
): void {
  if (nonce === undefined) throw refused("no-challenge", "No challenge was handed out for this attempt.");
  const signature = orRefused("malformed", "The signature cannot be read.", () =>
    decodeBase64url(attackerSignature),
  );
  if (hasSigned(leaf.key, { issuer, nonce, jkt }, signature)) return;
  throw refused("bad-proof", "The key of the certificate has not signed this attempt.", {
    remedy: "Sign issuer, nonce and the new key's thumbprint with the certificate's key.",
  });
}

/** @param authorities who has certified it, up to the root: whoever else was sent along has not */
function judged(leaf: Certificate, authorities: readonly Certificate[]): JudgedMachine {
  const fingerprint = fingerprintOf(leaf);
  const serial = leaf.x509.serialNumber.toLowerCase();
  const name = commonName(leaf);
  return {
    host: `x509pop-${fingerprint}`,
    selectors: sortedSelectors([
      name && `x509pop:subject:cn:${name}`,
      `x509pop:serialnumber:${serial}`,
      ...authorities.map((each) => `x509pop:ca:fingerprint:${fingerprintOf(each)}`),
      ...leaf.uris.flatMap(sanSelector),
    ]),
    evidence: { type: "x509pop", fingerprint, serial, subject: leaf.x509.subject, issuer: leaf.x509.issuer },
  };
}

const fingerprintOf = ({ raw }: Certificate): string => createHash("sha256").update(raw).digest("hex");

/** The one common name; a name with two, or with characters that a selector could be taken apart by, is none. */
function commonName({ x509 }: Certificate): string | undefined {
  const names = x509.subject.split("\n").filter((line) => line.startsWith("CN="));
  const [only = ""] = names.map((line) => line.slice(3));
  return names.length === 1 && /^[A-Za-z0-9._ -]{1,200}$/.test(only) ? only : undefined;
}

/** `x509pop://<trust domain>/<key>/<value>`, as SPIRE has them. */
const sanSelector = (uri: string): string[] => {
  const [, key, value] = /^x509pop:\/\/[a-z0-9._-]+\/([A-Za-z0-9._-]+)\/([A-Za-z0-9._/-]+)$/.exec(uri) ?? [];
  return key === undefined || value === undefined ? [] : [`x509pop:san:${key}:${value}`];
};
