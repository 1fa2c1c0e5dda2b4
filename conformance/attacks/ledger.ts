import assert from "node:assert/strict";
import type { Administrator } from "../administrator.ts";
import type { Report } from "../report.ts";
import type { WireAnswer } from "../wire.ts";

/**
 * What an attack left behind: an event of its own that the answer names, one of a type that nothing but it leaves, or
 * one more in what is counted of strangers.
 */
type Trace =
  | { readonly name: string; readonly event: string }
  | { readonly name: string; readonly leaves: string }
  | { readonly name: string; readonly counted: string };

interface Listed {
  readonly event: { readonly id: string; readonly type: string; readonly body: { readonly code?: string } };
}

/** How an attack must end. */
export interface Ending {
  readonly status: number;
  /** The OAuth error, or the problem's type without its prefix. */
  readonly error: string;
  /** The type of the event that it leaves, where the answer names none. */
  readonly leaves?: string;
}

/**
 * The table of attacks: each is made against the running server, must be refused in these words, and must be found
 * in the log afterwards.
 */
export class AttackLedger {
  readonly #report: Report;
  readonly #traces: Trace[] = [];

  constructor(report: Report) {
    this.#report = report;
  }

  /** @param attempt the attack; what the server answers to it */
  async attack(
    name: string,
    { leaves, ...ending }: Ending,
    attempt: () => Promise<WireAnswer>,
  ): Promise<void> {
    await this.#report.case(`${name}: refused`, async () => {
      const answer = await attempt();
      const said = JSON.parse(answer.body.toString("utf8")) as Record<string, unknown>;
      const error = said.error ?? String(said.type).replace("urn:countersign:problem:", "");
      assert.deepEqual({ status: answer.status, error }, ending, answer.body.toString("utf8"));
      if (leaves !== undefined) this.#traces.push({ name, leaves });
      else if (typeof said.event === "string") this.#traces.push({ name, event: said.event });
      else this.#traces.push({ name, counted: String(error) });
    });
  }

  /** Looks each attack up in the log. What strangers did is counted, and written down once a minute and at a stop. */
  async traced(administrator: Administrator): Promise<void> {
    const listed = await administrator.list<Listed>("/audit/events");
    const ids = new Set(listed.map(({ event }) => event.id));
    const counts = listed.filter(({ event }) => event.type === "refusals.counted");
    const counted = new Set(counts.map(({ event }) => event.body.code?.replaceAll("-", "_")));
    const requireOneForEach = (type: string): void => {
      const due = this.#traces.filter((trace) => "leaves" in trace && trace.leaves === type).length;
      assert.equal(listed.filter(({ event }) => event.type === type).length, due, type);
    };
    for (const trace of this.#traces) {
      await this.#report.case(`${trace.name}: in the log`, () => {
        if ("leaves" in trace) requireOneForEach(trace.leaves);
        else if ("event" in trace) assert(ids.has(trace.event), `${trace.event} is not in the log`);
        else assert(counted.has(trace.counted), `no ${trace.counted} is counted`);
      });
    }
  }
}
