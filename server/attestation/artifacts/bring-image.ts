import { createHash } from "node:crypto";
import { isJsonObject, type Json, parseStrict } from "@countersign/proof/jcs";
import { VerificationError } from "@countersign/proof/verification-error";
import { z } from "zod";
import { append, perform } from "../../audit/index.ts";
import type { Change } from "../../database/index.ts";
import { type Caller, newId } from "../../lib/index.ts";
import { accepted } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { livingHost } from "../hosts/live-host.ts";
import { requireHost } from "../hosts/store-hosts.ts";
import { readBase64, readBroughtSignature } from "./brought-signature.ts";
import { imageStatementAccepted } from "./events-artifacts.ts";
import type { ImageStatement } from "./image-statement.ts";
import { notAsDeclared } from "./refused.ts";
import { imageDigest } from "./requirement.ts";
import { type SignatureReason, SignatureRefused } from "./signature-refused.ts";
import { insertStatement, prolongStatement, sameStatement } from "./store-artifacts.ts";
import { allSigners } from "./store-signers.ts";
import { type VerifiedSignature, verifySignature } from "./verify-signature.ts";

/** What somebody brings about an image: pipelines and hosts, which have the registry at hand that we have not. */
export const broughtImage = z.strictObject({
  digest: imageDigest,
  manifest: z
    .string()
    .max(200_000)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/, "A manifest is sent as base64.")
    .optional()
    .describe("The manifest itself, base64: for signatures that are over it and no statement."),
  bundles: z
    .array(z.record(z.string(), z.json()))
    .min(1)
    .max(16)
    .describe("Sigstore bundles, or what `cosign download signature` prints."),
});
export type BroughtImage = z.input<typeof broughtImage>;

/**
 * Takes in what others have signed about an image, once it is verified: all of it or nothing. What counts of it
 * is judged when somebody runs the image.
 * @returns what is on record of these signatures now
 * @throws Fault `forbidden` whose member `reason` says what does not hold, `host-ended` for a machine; `invalid`
 */
export function bringImage(
  deps: AttestationDeps,
  caller: Caller,
  attackerBrought: BroughtImage,
): Promise<ImageStatement[]> {
  return perform(deps, caller, "image.bring", async (change) => {
    // A machine that has ended comes in as far as to be told so.
    if (caller.kind === "host") requireHost(change, await livingHost(deps, caller), deps.clock.now());
    return bringWithin(deps, change, caller, attackerBrought);
  });
}

/** As `bringImage`, within a change that does more besides. */
export async function bringWithin(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  attackerBrought: BroughtImage,
): Promise<ImageStatement[]> {
  const { digest: image, manifest, bundles } = accepted("image", broughtImage, attackerBrought);
  const bytes = manifest === undefined ? undefined : manifestOf(image, manifest);
  const signers = await allSigners(deps.database);
  const about = { image, manifest: bytes, now: deps.clock.now() };
  const kept = new Map<string, ImageStatement>();
  for (const bundle of bundles) {
    const verified = await verifiedOrRefuse(bundle as Json, signers, about);
    const statement = statementOf(deps, image, verified);
    const same =
      [...kept.values()].find((each) => isSame(each, statement)) ??
      (await sameStatement(deps.database, statement));
    const now = same === undefined ? statement : prolonged(same, statement);
    kept.set(now.id, now);
    if (now === same) continue;
    if (same === undefined) insertStatement(change, now);
    else prolongStatement(change, same, now);
    append(change, imageStatementAccepted(deps, caller, {}, factsOf(now, verified)));
  }
  return [...kept.values()];
}

/** The same word, by a certificate that lasts longer: it counts until that ends. */
function prolonged(before: ImageStatement, { expires }: ImageStatement): ImageStatement {
  if (before.expires === undefined || (expires !== undefined && expires <= before.expires)) return before;
  const { expires: _, ...rest } = before;
  return { ...rest, ...(expires === undefined ? {} : { expires }) };
}

/** The manifest, once it is that of the digest. Its config's digest is another one, which names no image. */
function manifestOf(image: string, attackerManifest: string): Uint8Array {
  const bytes = readOrRefuse(() => readBase64(attackerManifest));
  if (`sha256:${createHash("sha256").update(bytes).digest("hex")}` === image) return bytes;
  const json = readOrRefuse(() => parseStrict(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  const config = isJsonObject(json) && isJsonObject(json.config) ? json.config.digest : undefined;
  if (config === image) {
    throw notAsDeclared(
      "image-config-digest",
      "This is the digest of the image's configuration, which is not the image's own.",
      "Name the image by its manifest's digest, as the registry does.",
      image,
    );
  }
  throw notAsDeclared(
    "image-wrong-digest",
    "The manifest is not that of this digest.",
    "Bring the manifest as the registry serves it, byte by byte.",
    image,
  );
}

function readOrRefuse<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw refusalOf("signature-unreadable", "");
  }
}

async function verifiedOrRefuse(
  attackerBundle: Json,
  signers: Parameters<typeof verifySignature>[1],
  about: Parameters<typeof verifySignature>[2],
): Promise<VerifiedSignature> {
  try {
    return await verifySignature(readBroughtSignature(attackerBundle), signers, about);
  } catch (error) {
    if (error instanceof SignatureRefused) throw refusalOf(error.reason, about.image);
    if (error instanceof VerificationError) throw refusalOf("signature-unreadable", about.image);
    throw error;
  }
}

const statementOf = (
  deps: AttestationDeps,
  image: string,
  { kind, signer, signed, provenance, expires }: VerifiedSignature,
): ImageStatement => ({
  id: newId(deps, "statement"),
  image,
  kind,
  signer: signer.id,
  fingerprint: signer.fingerprint,
  signed,
  ...(provenance === undefined ? {} : { provenance }),
  ...(expires === undefined ? {} : { expires }),
  brought: deps.clock.now(),
});

const isSame = (one: ImageStatement, other: ImageStatement): boolean =>
  one.signer === other.signer && one.fingerprint === other.fingerprint && one.signed === other.signed;

const factsOf = (
  { id, image, kind, signed, expires }: ImageStatement,
  { signer, provenance }: VerifiedSignature,
) => ({
  id,
  image,
  kind,
  signer: signer.name,
  signed,
  ...(provenance === undefined ? {} : { builder: provenance.builder }),
  ...(expires === undefined ? {} : { expires }),
});

const WORDS: Readonly<Record<SignatureReason, readonly [string, string]>> = {
  "signature-unreadable": [
    "This is no signature over an image that can be read.",
    "Bring a Sigstore bundle of version 0.3, or what `cosign download signature` prints.",
  ],
  "signature-untrusted": [
    "Nobody whose signature is taken has signed this.",
    "Have it signed by one of the signers, or have an administrator define whose signature it is.",
  ],
  "signature-wrong-identity": [
    "It was signed by somebody else than the identity that is pinned.",
    "Have it signed by the workflow or person who is pinned.",
  ],
  "signature-certificate-expired": [
    "The signer's certificate has expired, and nothing says that it signed before.",
    "Sign anew, or with a timestamp in a transparency log.",
  ],
  "signature-wrong-purpose": [
    "The signer is trusted, but not for what it says here.",
    "Have it signed by a signer of this purpose.",
  ],
  "signature-wrong-digest": [
    "The signature is about another image.",
    "Bring the signatures of exactly this manifest's digest.",
  ],
  "signature-unknown-predicate": [
    "What was signed is of a kind that is not known here.",
    "Bring image signatures of cosign and SLSA provenance v1.",
  ],
  "signature-without-manifest": [
    "The signature is over the manifest itself, which was not brought.",
    "Send the manifest along, base64.",
  ],
};

function refusalOf(reason: SignatureReason, image: string) {
  const [message, remedy] = WORDS[reason];
  return notAsDeclared(reason, message, remedy, image === "" ? undefined : image);
}
