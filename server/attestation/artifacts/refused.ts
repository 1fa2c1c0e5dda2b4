import { Fault } from "../../lib/index.ts";
import type { ModelReason } from "../models/reason.ts";
import type { SignatureReason } from "./signature-refused.ts";

/** Why something that was shown is not what was declared; each for itself, for programs. */
export type ArtifactReason =
  | "image-required"
  | "image-not-allowed"
  | "image-unsigned"
  | "image-wrong-digest"
  | "image-config-digest"
  | "provenance-missing"
  | "provenance-wrong-builder"
  | "provenance-unknown-build-type"
  | "provenance-wrong-source"
  | "provenance-wrong-commit"
  | "provenance-unexpected-parameter"
  | "model-required"
  | "model-not-declared"
  | "configuration-missing"
  | "configuration-changed"
  | ModelReason;

/**
 * The refusal of what is not as declared.
 * @param subject the digest or path that it is about; never what is in a file
 */
export const notAsDeclared = (
  reason: ArtifactReason | SignatureReason,
  message: string,
  remedy: string,
  subject?: string,
): Fault =>
  new Fault("forbidden", message, {
    remedy,
    members: { reason },
    record: { reason, ...(subject === undefined ? {} : { subject }) },
  });

/** The machine-readable reason of a refusal, if it has one. */
export const reasonOf = ({ members }: Fault): string | undefined =>
  typeof members.reason === "string" ? members.reason : undefined;
