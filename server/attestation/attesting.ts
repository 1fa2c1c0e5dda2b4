import { append, perform } from "../audit/index.ts";
import { Change } from "../database/index.ts";
import { type Caller, Fault, isFailure } from "../lib/index.ts";
import type { AttestationDeps } from "./attestation-deps.ts";
import { attestationRefused } from "./events.ts";
import { aboutSubject } from "./record-evidence.ts";

/** A refusal that does something as well: it raises an alarm, or ends what is not any more as it was attested. */
export class RefusedLoudly extends Error {
  readonly fault: Fault;
  readonly besides: (change: Change) => void | Promise<void>;

  constructor(fault: Fault, besides: (change: Change) => void | Promise<void>) {
    super(fault.message);
    this.fault = fault;
    this.besides = besides;
  }
}

/** The machine-readable reason of a refusal; where it has none of its own, the code. */
export const reasonOf = ({ members, code }: Fault): string =>
  typeof members.reason === "string" ? members.reason : code;

/**
 * Attests something in one change. What is refused leaves `attestation.refused`, with its reason, in place of the
 * usual record, and what the refusal does besides; else it has no effect.
 * @param subject who is attested, as far as that is known: a SPIFFE ID, or the id of an entry
 * @param action the attempt's name in the log
 * @throws Fault the attempt's own
 */
export async function attesting<T>(
  deps: AttestationDeps,
  caller: Caller,
  { subject, action }: { readonly subject: string; readonly action: string },
  attempt: (change: Change) => Promise<T>,
): Promise<T> {
  const outcome = await perform(deps, caller, action, async (change) => {
    const part = new Change(deps.database);
    try {
      const done = await attempt(part);
      include(change, part);
      return { done };
    } catch (error) {
      const fault = error instanceof RefusedLoudly ? error.fault : error;
      // Strangers are counted, unless what they showed was real.
      const stranger = caller.kind === "nobody" && !(error instanceof RefusedLoudly);
      if (!(fault instanceof Fault) || isFailure(fault.code) || stranger) throw error;
      if (error instanceof RefusedLoudly) await error.besides(change);
      recordRefused(deps, change, caller, subject, fault);
      return { refused: fault };
    }
  });
  if ("refused" in outcome) throw outcome.refused;
  return outcome.done;
}

function recordRefused(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  subject: string,
  fault: Fault,
): void {
  const { about, ...details } = fault.record as { about?: object };
  const body = { subject, reason: reasonOf(fault), why: fault.message, details };
  fault.recordedAs = append(
    change,
    attestationRefused(deps, caller, { ...aboutSubject(subject), ...about }, body),
  );
}

/** Makes others part of one change: all of each, but what several of them require is required once. */
export function include(change: Change, ...parts: readonly Change[]): void {
  const required = new Set(change.steps.filter(({ kind }) => kind === "require").map(wordsOf));
  for (const part of parts) {
    for (const step of part.steps) {
      if (step.kind === "require" && required.has(wordsOf(step))) continue;
      if (step.kind === "require") required.add(wordsOf(step));
      change.steps.push(step);
    }
    change.keptOnRefusal.push(...part.keptOnRefusal);
    for (const key of part.locks) change.lock(key);
    for (const channel of part.announcements) change.announce(channel);
  }
}

const wordsOf = ({ sql, parameters, otherwise }: Change["steps"][number]): string =>
  JSON.stringify([sql, parameters, otherwise]);
