import { type VerificationCode, VerificationError } from "@countersign/proof/verification-error";
import { PresentationError } from "@countersign/proof/warrant";
import { proofMessages, proofRefused, RequestRefused } from "./refusal.ts";

export const revoked = "The warrant has been revoked.";

/** What a caller may learn about a chain that does not hold; whatever is not named here is just not valid. */
const messages: Partial<Record<VerificationCode, string>> = {
  expired: "A link of the warrant has expired; ask whoever gave it for another one.",
  "wrong-audience": "The warrant is for another resource.",
  "wrong-issuer": "The warrant is by another issuer.",
  "too-deep": "The chain has more links than this resource takes; exchange it for an access token.",
  "too-large": "The chain is too long; exchange it for an access token.",
  dead: revoked,
};

const overChain: Partial<Record<VerificationCode, string>> = {
  ...proofMessages,
  "not-bound": "The last link is held by another key than the one that made the DPoP proof.",
  "wrong-token-hash": "The DPoP proof is over something else than the last link.",
};

/** The refusal of a chain of warrants, or of what came with it, that does not verify. */
export function warrantRefused(cause: unknown): RequestRefused {
  if (cause instanceof RequestRefused) return cause;
  if (!(cause instanceof VerificationError)) throw cause;
  if (cause instanceof PresentationError) {
    if (cause.part === "proof") return proofRefused(cause, overChain);
    return new RequestRefused("invalid_token", "The consent that came with the warrant does not hold.", {
      cause,
    });
  }
  if (cause.code === "not-permitted") {
    const message = "The warrant does not grant this call; ask whoever gave it for one that does.";
    return new RequestRefused("insufficient_scope", message, { cause });
  }
  return new RequestRefused("invalid_token", messages[cause.code] ?? "The warrant is not valid.", { cause });
}
