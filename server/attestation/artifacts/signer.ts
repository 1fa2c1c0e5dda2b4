import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { canonicalBytes, type Json, type JsonObject } from "@countersign/proof/jcs";
import { type Certificate, readCertificate } from "@countersign/proof/x509";
import { z } from "zod";
import type { Id } from "../../lib/index.ts";
import { shortName } from "../../registry/index.ts";

/** What a signer's word counts for: each for itself, so that who signs images does not vouch for their builds. */
export const SIGNER_PURPOSES = ["image", "provenance", "model", "bom"] as const;
export type SignerPurpose = (typeof SIGNER_PURPOSES)[number];

/** By what a signature is known to be this signer's. */
export type SignerTrust =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "certificate"; readonly ca: string; readonly identity: string }
  | {
      readonly kind: "sigstore";
      readonly trusted_root: JsonObject;
      readonly issuer: string;
      readonly san: string;
    };

/** A builder that this signer speaks for, and the SLSA build level that it is trusted to reach. */
export interface SignerBuilder {
  readonly id: string;
  readonly level: 1 | 2 | 3;
}

/** Somebody whose signatures on images, builds, models or bills of material are taken. */
export interface Signer {
  readonly id: Id<"signer">;
  readonly name: string;
  readonly kind: SignerTrust["kind"];
  readonly purposes: readonly SignerPurpose[];
  readonly trust: SignerTrust;
  /** Only where it signs provenance. */
  readonly builders: readonly SignerBuilder[];
  /** Of `trust`: what was accepted by it before counts no more once it is another one. */
  readonly fingerprint: string;
  readonly updated: number;
  readonly revision: number;
}

const PEM_LONGEST = 32_768;
const pem = z.string().min(1).max(PEM_LONGEST);
const pinned = z
  .string()
  .min(1)
  .max(500)
  .regex(
    /^[!-~]+( [!-~]+)*$/,
    "An identity is written in visible ASCII, exactly as it stands in the certificate.",
  );

const trust = z.discriminatedUnion("kind", [
  z
    .strictObject({ kind: z.literal("key"), key: pem })
    .refine(
      ({ key }) => isPublicKey(key),
      "This is no public key (SPKI PEM of P-256, P-384, P-521 or Ed25519).",
    ),
  z
    .strictObject({
      kind: z.literal("certificate"),
      ca: pem.describe("Certificates (PEM) of the authorities that are trusted, and no others."),
      identity: pinned.describe("The URI or DNS name in the signer's certificate, exactly."),
    })
    .refine(({ ca }) => isCertificateList(ca), "These are no certificates (PEM)."),
  z.strictObject({
    kind: z.literal("sigstore"),
    trusted_root: z
      .record(z.string(), z.json())
      .describe("A Sigstore trusted_root.json: the only authorities and logs."),
    issuer: pinned.describe("Who signed the signer in, exactly: the OIDC issuer in the certificate."),
    san: pinned.describe("Who the signer is, exactly: the subject alternative name in the certificate."),
  }),
]);

const builder = z.strictObject({
  id: z.string().max(500).refine(URL.canParse, "A builder's id is a URI."),
  level: z.union([z.literal(1), z.literal(2), z.literal(3)]),
});

/** What an administrator says of a signer. */
export const signerDefinition = z
  .strictObject({
    purposes: z.array(z.enum(SIGNER_PURPOSES)).min(1).max(SIGNER_PURPOSES.length),
    trust,
    builders: z
      .array(builder)
      .max(20)
      .default([])
      .describe("The builders it speaks for, where it signs provenance."),
  })
  .refine(({ purposes, builders }) => purposes.includes("provenance") === builders.length > 0, {
    message: "Whoever signs provenance speaks for builders that are named, and nobody else does.",
  });
export type SignerDefinition = z.input<typeof signerDefinition>;

export const signerName = shortName;

/** SHA-256 over the canonical trust, lower-case hex. */
export const fingerprintOf = (of: SignerTrust): string =>
  createHash("sha256")
    .update(canonicalBytes(of as unknown as Json))
    .digest("hex");

/** The public key of a signer of kind `key`. */
export const keyOf = ({ key }: Extract<SignerTrust, { kind: "key" }>): KeyObject => createPublicKey(key);

/** The authorities of a signer of kind `certificate`. @throws Error for what is no certificate */
export function authoritiesOf({
  ca,
}: Pick<Extract<SignerTrust, { kind: "certificate" }>, "ca">): Certificate[] {
  const blocks = ca.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) =>
    readCertificate(Buffer.from(block.replace(/-----[A-Z ]+-----/g, ""), "base64")),
  );
}

const CURVES: ReadonlySet<string> = new Set(["prime256v1", "secp384r1", "secp521r1"]);

function isPublicKey(attackerPem: string): boolean {
  try {
    if (!attackerPem.includes("-----BEGIN PUBLIC KEY-----")) return false;
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(attackerPem);
    return asymmetricKeyType === "ed25519" || CURVES.has(asymmetricKeyDetails?.namedCurve ?? "");
  } catch {
    return false;
  }
}

function isCertificateList(attackerPem: string): boolean {
  try {
    return authoritiesOf({ ca: attackerPem }).length > 0;
  } catch {
    return false;
  }
}
