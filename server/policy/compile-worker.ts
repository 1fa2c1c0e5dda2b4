/**
 * The thread that reads and checks policies, so that decisions go on meanwhile: Cedar's own parser and
 * validator, and the policies' tests, take far longer than a decision may wait. Knows nothing but what each
 * job brings, and answers in parts, each on request: the other side takes them in between its decisions.
 */
import { parentPort } from "node:worker_threads";
import type { CedarSchema } from "../catalog/index.ts";
import { checkAgainst, validateAgainst } from "./check.ts";
import type { Policy, PolicyFile, Problem } from "./policy.ts";
import { type ReadSet, readSet } from "./policy-set.ts";

/** What the thread is asked. */
export type Job =
  | { readonly kind: "read"; readonly files: readonly PolicyFile[] }
  | {
      readonly kind: "check" | "validate";
      readonly files: readonly PolicyFile[];
      readonly schema: CedarSchema;
    };

/** What it answers: the head of a set and then its policies in parts, or problems, or why it cannot. */
export type JobAnswer =
  | { readonly kind: "set"; readonly set: Omit<ReadSet, "policies">; readonly parts: number }
  | { readonly kind: "part"; readonly policies: readonly Policy[] }
  | { readonly kind: "problems"; readonly problems: readonly Problem[] }
  | { readonly kind: "failed"; readonly message: string };

export interface JobMessage {
  readonly id: number;
  readonly job: Job | "next";
}

/** So many policies are carried over to the other thread in well under a millisecond. */
const POLICIES_PER_PART = 25;

/** Parts that have not been asked for yet, by job. */
const waiting = new Map<number, Policy[][]>();

parentPort?.on("message", ({ id, job }: JobMessage) => parentPort?.postMessage({ id, ...answer(id, job) }));

function answer(id: number, job: Job | "next"): JobAnswer {
  try {
    if (job === "next") return nextPart(id);
    if (job.kind === "check") return { kind: "problems", problems: checkAgainst(job.files, job.schema) };
    if (job.kind === "validate")
      return { kind: "problems", problems: validateAgainst(job.files, job.schema) };
    const { policies, ...set } = readSet(job.files);
    const parts = inParts(policies);
    waiting.set(id, parts);
    return { kind: "set", set, parts: parts.length };
  } catch (error) {
    return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

function nextPart(id: number): JobAnswer {
  const parts = waiting.get(id) ?? [];
  const [policies = []] = parts.splice(0, 1);
  if (parts.length === 0) waiting.delete(id);
  return { kind: "part", policies };
}

const inParts = (policies: readonly Policy[]): Policy[][] =>
  Array.from({ length: Math.ceil(policies.length / POLICIES_PER_PART) }, (_, part) =>
    policies.slice(part * POLICIES_PER_PART, (part + 1) * POLICIES_PER_PART),
  );
