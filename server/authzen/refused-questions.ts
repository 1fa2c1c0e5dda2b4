import { recordRefusal } from "../audit/index.ts";
import type { Caller, Fault } from "../lib/index.ts";
import type { AuthzenDeps } from "./authzen-deps.ts";

/**
 * What was refused among the questions of one request, which is answered all the same: each distinct refusal is
 * recorded once, however many questions met it, so that a request of five hundred is not five hundred events.
 */
export class RefusedQuestions {
  readonly #faults = new Map<string, Fault>();

  add(fault: Fault): void {
    this.#faults.set(`${fault.code} ${fault.message}`, fault);
  }

  /** @param action the audit name of the request @throws Fault `unavailable` where it cannot be recorded */
  async record(deps: AuthzenDeps, caller: Caller, action: string): Promise<void> {
    for (const fault of this.#faults.values()) await recordRefusal(deps, caller, action, fault);
  }
}
