import type { Check } from "./check.ts";
import type { Counted } from "./image-statement.ts";
import { judgeProvenance } from "./judge-provenance.ts";
import { notAsDeclared } from "./refused.ts";
import type { ImageRequirement } from "./requirement.ts";

/** What is demanded of an image: what is declared, or else that some signer of ours has signed it, or nothing. */
export type ImageDemand = ImageRequirement | "signed" | "nothing";

/**
 * Judges an image by what is demanded and by what counts of what was said about it.
 * @param image the manifest's digest; absent where none was measured
 * @throws Fault `forbidden` with its reason on the first thing that is not as declared
 */
export function judgeImage(
  demand: ImageDemand,
  image: string | undefined,
  counted: readonly Counted[],
): readonly Check[] {
  if (image === undefined) {
    if (demand === "nothing") return [];
    throw notAsDeclared(
      "image-required",
      "This must run from an image that is known, and no image was measured.",
      "Run it in a container from the declared image.",
    );
  }
  if (demand === "nothing") return [{ what: "image-noted", subject: image, result: "passed" }];
  if (demand === "signed") return [signedBy(image, undefined, counted)];
  if (demand.allow.includes(image)) return [{ what: "image-allowed", subject: image, result: "passed" }];
  return declared(demand, image, counted);
}

function declared(demand: ImageRequirement, image: string, counted: readonly Counted[]): Check[] {
  const { signed_by, provenance } = demand;
  if (signed_by === undefined && provenance === undefined) {
    throw notAsDeclared(
      "image-not-allowed",
      "The image is not one of those that are allowed.",
      "Run an allowed image, or have an administrator allow this digest.",
      image,
    );
  }
  const signature = signed_by === undefined ? [] : [signedBy(image, signed_by, counted)];
  if (provenance === undefined) return signature;
  const { signer, level, statement } = judgeProvenance(image, provenance, counted);
  const built: Check = {
    what: "image-provenance",
    subject: image,
    by: signer.name,
    level,
    result: "passed",
  };
  return [...signature, { ...built, statement: statement.signed }];
}

function signedBy(image: string, names: readonly string[] | undefined, counted: readonly Counted[]): Check {
  const found = counted.find(
    ({ statement, signer }) =>
      statement.kind === "signature" && (names === undefined || names.includes(signer.name)),
  );
  if (found !== undefined) {
    const { signer, statement } = found;
    return {
      what: "image-signature",
      subject: image,
      by: signer.name,
      statement: statement.signed,
      result: "passed",
    };
  }
  throw notAsDeclared(
    "image-unsigned",
    "Nobody whose signature is taken has signed this image.",
    "Have it signed, and bring the signature (POST /attestation/images).",
    image,
  );
}
