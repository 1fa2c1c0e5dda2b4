import { VerificationError } from "@countersign/proof/verification-error";
import { Fault } from "../../lib/index.ts";

/** Why evidence of a platform is not taken: for programs, each with one meaning for good. */
export type Reason =
  | "not-configured"
  | "malformed"
  | "wrong-issuer"
  | "algorithm-not-taken"
  | "unknown-key"
  | "bad-signature"
  | "wrong-audience"
  | "audience-of-another"
  | "several-audiences"
  | "expired"
  | "not-yet-valid"
  | "lives-too-long"
  | "replayed"
  | "legacy-token"
  | "not-bound-to-a-pod"
  | "not-bound-to-a-machine"
  | "not-authenticated"
  | "token-of-a-person"
  | "wrong-tenant"
  | "wrong-account"
  | "wrong-region"
  | "wrong-project"
  | "wrong-subscription"
  | "wrong-service-account"
  | "wrong-cluster"
  | "wrong-name"
  | "wrong-signer"
  | "event-not-named"
  | "claims-missing"
  | "no-rule"
  | "several-agents"
  | "too-old"
  | "no-challenge"
  | "wrong-nonce"
  | "untrusted-chain"
  | "bad-proof";

/** Evidence that is not taken. Whoever brought it is told which check it failed, and the log as well. */
export const refused = (
  reason: Reason,
  message: string,
  more: { remedy?: string; cause?: unknown; record?: Readonly<Record<string, unknown>> } = {},
): Fault =>
  new Fault("unauthenticated", message, {
    ...(more.remedy === undefined ? {} : { remedy: more.remedy }),
    members: { reason },
    record: { ...more.record, reason },
    cause: more.cause,
  });

/** Runs a step of a verification; whatever it finds wrong is refused for this reason. A Fault stays what it is. */
export function orRefused<T>(reason: Reason, message: string, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const expired = cause instanceof VerificationError && cause.code === "expired";
    throw refused(expired ? "expired" : reason, message, { cause });
  }
}
