import type { Json } from "@countersign/proof/jcs";
import { parseSpiffeId, workloadOf } from "@countersign/proof/spiffe-id";
import { VerificationError } from "@countersign/proof/verification-error";
import { type About, append, conceal } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, type Id, newId } from "../lib/index.ts";
import type { Check } from "./artifacts/check.ts";
import type { AttestationDeps } from "./attestation-deps.ts";
import { attestationPassed } from "./events.ts";
import { insertEvidence } from "./store-evidence.ts";

/** An attestation as it went. */
export interface Found {
  /** Of whom: a SPIFFE ID. */
  readonly subject: string;
  /** What was shown, whole. It stands sealed beside the log, which holds a commitment to it. */
  readonly shown: Json;
  /** What was checked, each with its outcome. */
  readonly checks: readonly Check[];
  /** One sentence: what follows. A fixed phrase with ids in it, for it stands in the log in clear. */
  readonly concluded: string;
}

/**
 * Leaves evidence of an attestation that succeeded, in the change that acts on it: a row, and `attestation.passed`.
 * @returns the id by which tokens, events and summaries name it
 */
export function recordEvidence(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  { subject, shown, checks, concluded }: Found,
): Id<"evidence"> {
  const id = newId(deps, "evidence");
  const commitment = conceal(deps, change, "installation", shown);
  insertEvidence(change, { id, subject, at: deps.clock.now(), shown: commitment, checks, concluded });
  const body = { evidence: id, subject, shown: commitment, checks: [...checks], concluded };
  append(change, attestationPassed(deps, caller, aboutSubject(subject), body));
  return id;
}

/** An agent's evidence stands in its own trail. */
export function aboutSubject(subject: string): About {
  try {
    const workload = workloadOf(parseSpiffeId(subject));
    return workload?.kind === "agent" ? { agent: workload.name } : {};
  } catch (error) {
    if (error instanceof VerificationError) return {};
    throw error;
  }
}
