import type { KeyObject } from "node:crypto";
import { type Envelope, openEnvelope, readEnvelope, sealEnvelope } from "../dsse/index.ts";
import { canonicalBytes, isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import { VerificationError } from "../verification-error.ts";
import { malformed, readDigests, readStatement, STATEMENT_PAYLOAD, type Subject } from "./statement.ts";

export const VSA_PREDICATE = "https://slsa.dev/verification_summary/v1";

/** What a verifier has found of something, in one document that others can rely on without asking again. */
export interface VerificationSummary {
  /** What was verified, by digest. */
  readonly subject: readonly Subject[];
  /** Who verified it: a URI. */
  readonly verifier: string;
  /** Milliseconds since the epoch. */
  readonly verified: number;
  /** What it was verified as. */
  readonly resource: string;
  /** By which rules: their URI, and the SHA-256 of what they said, lower-case hex. */
  readonly policy: { readonly uri: string; readonly sha256: string };
  /** SHA-256 of the statements that were relied on, lower-case hex. */
  readonly inputs: readonly string[];
  readonly result: "PASSED" | "FAILED";
  /** `SLSA_BUILD_LEVEL_n` and words of the verifier's own; exactly `FAILED` where it failed. */
  readonly levels: readonly string[];
}

/** Signs a summary. @param key private, of P-256, P-384, P-521 or Ed25519 */
export function signVsa(summary: VerificationSummary, key: KeyObject): Envelope {
  const { subject, verifier, verified, resource, policy, inputs, result, levels } = summary;
  const predicate = {
    verifier: { id: verifier },
    timeVerified: new Date(verified).toISOString(),
    resourceUri: resource,
    policy: { uri: policy.uri, digest: { sha256: policy.sha256 } },
    inputAttestations: inputs.map((sha256) => ({ uri: `urn:sha256:${sha256}`, digest: { sha256 } })),
    verificationResult: result,
    verifiedLevels: levels,
    slsaVersion: "1.0",
  };
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject,
    predicateType: VSA_PREDICATE,
    predicate,
  };
  return sealEnvelope(STATEMENT_PAYLOAD, canonicalBytes(statement as unknown as Json), key);
}

/** What whoever relies on a summary insists on. */
export interface VsaExpectation {
  /** The verifier's public keys. */
  readonly keys: readonly KeyObject[];
  /** Who must have verified it. */
  readonly verifier: string;
  /** SHA-256 of the thing itself, lower-case hex. */
  readonly sha256: string;
  /** What it must have been verified as, where that matters. */
  readonly resource?: string;
}

/**
 * Verifies that somebody who is trusted has verified this very thing, and that it passed.
 * @param attackerEnvelope JSON, read strictly
 * @throws VerificationError `bad-signature`; `wrong-typ`; `wrong-issuer` for another verifier; `wrong-subject` for
 *   another thing; `not-permitted` where it failed; `malformed`
 * @see SLSA v1 verification_summary
 */
export function verifyVsa(attackerEnvelope: Json, expected: VsaExpectation): VerificationSummary {
  const envelope = readEnvelope(attackerEnvelope);
  const { payload } = openEnvelope(envelope, { payloadType: STATEMENT_PAYLOAD, keys: expected.keys });
  const { subject, predicateType, predicate } = readStatement(payload);
  if (predicateType !== VSA_PREDICATE)
    throw new VerificationError("wrong-typ", "this is no verification summary");
  const summary = { subject, ...readPredicate(predicate) };
  if (summary.verifier !== expected.verifier)
    throw new VerificationError("wrong-issuer", "somebody else has verified it");
  if (!subject.some(({ digest }) => digest.sha256 === expected.sha256))
    throw new VerificationError("wrong-subject", "something else was verified");
  if (expected.resource !== undefined && summary.resource !== expected.resource)
    throw new VerificationError("wrong-subject", "it was verified as something else");
  if (summary.result !== "PASSED") throw new VerificationError("not-permitted", "it did not pass");
  return summary;
}

function readPredicate(signedPredicate: JsonObject): Omit<VerificationSummary, "subject"> {
  const { verifier, timeVerified, resourceUri, policy, inputAttestations = [] } = signedPredicate;
  const { verificationResult: result, verifiedLevels: levels } = signedPredicate;
  if (!isJsonObject(policy) || !isJsonObject(verifier))
    throw malformed("a summary names its verifier and policy");
  if (result !== "PASSED" && result !== "FAILED") throw malformed("a summary has passed or failed");
  if (!Array.isArray(levels) || !levels.every((level) => typeof level === "string"))
    throw malformed("levels are words");
  if (!Array.isArray(inputAttestations)) throw malformed("inputs are a list");
  const verified = typeof timeVerified === "string" ? Date.parse(timeVerified) : Number.NaN;
  if (Number.isNaN(verified)) throw malformed("a summary says when");
  return {
    verifier: textOf(verifier.id),
    verified,
    resource: textOf(resourceUri),
    policy: { uri: textOf(policy.uri), sha256: sha256Of(policy.digest) },
    inputs: inputAttestations.map((each) => sha256Of(isJsonObject(each) ? each.digest : undefined)),
    result,
    levels: levels as string[],
  };
}

const sha256Of = (digests: Json | undefined): string => textOf(readDigests(digests).sha256);

function textOf(value: Json | undefined): string {
  if (typeof value === "string") return value;
  throw malformed("text is missing");
}
