import type { Plan } from "@countersign/proof/consent";
import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize } from "@countersign/proof/jcs";
import { z } from "zod";
import type { PersonId } from "../lib/index.ts";
import { printableText, shortName } from "../registry/index.ts";

/** What is written of a plan: the bytes that its digest is the hash of. */
export interface RunbookDefinition {
  readonly name: string;
  readonly description: string;
  /** The tools that it uses, as `server/tool`, in the order in which it uses them. */
  readonly steps: readonly string[];
}

/** A plan that an administrator approved beforehand. */
export interface Runbook extends RunbookDefinition {
  /** Base64url of SHA-256 over the definition's canonical JSON (RFC 8785). */
  readonly digest: string;
  readonly approvedBy: PersonId | "system";
  /** Milliseconds since the epoch. */
  readonly approvedAt: number;
}

/** A runbook as a task keeps it: whatever is approved later, this is what was when it was opened. */
export type PlannedBy = Pick<Runbook, "name" | "steps" | "digest">;

const MOST_STEPS = 100;

export const runbookDefinition = z.strictObject({
  name: shortName,
  description: printableText(1_000),
  steps: z
    .array(z.string().min(1).max(200))
    .min(1, "A runbook without steps plans nothing.")
    .max(MOST_STEPS, `A runbook has at most ${MOST_STEPS} steps.`),
});

export const runbookDigest = ({ name, description, steps }: RunbookDefinition): string =>
  sha256Base64url(canonicalize({ name, description, steps: [...steps] }));

export const plannedBy = ({ name, steps, digest }: Runbook): PlannedBy => ({ name, steps, digest });

/** What a runbook declares, as a plan: its tools, each as often as needed. It is a list, not a sequence. */
export const planBy = ({ steps }: PlannedBy): Plan => ({
  steps: [...new Set(steps)].map((tool) => ({ tool })),
  ordered: false,
  on_drift: "refuse",
});
