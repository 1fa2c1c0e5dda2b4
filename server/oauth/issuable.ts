import { VerificationError } from "@countersign/proof/verification-error";
import { Fault } from "../lib/index.ts";

/**
 * Signs what was granted. What no verifier would read, because it says too much, is refused before anything is
 * issued; what was written into the caller's change goes with it.
 * @throws Fault `invalid-authorization-details`
 */
export function issuable(sign: () => string): string {
  try {
    return sign();
  } catch (cause) {
    if (!(cause instanceof VerificationError)) throw cause;
    throw new Fault("invalid-authorization-details", "This is more than one token can say.", {
      remedy: "Ask for fewer grants, or for grants with fewer and shorter values.",
      record: { why: cause.code },
      cause,
    });
  }
}
