import type { Change, Database, HotKey } from "../database/index.ts";
import type { AgentName, Id } from "../lib/index.ts";
import type { StepStanding, StepState } from "./plan.ts";
import type { DelegationTables } from "./tables.ts";

/** Moves whenever a step of a task's plan does. */
export const planHead = (task: Id<"task">): HotKey => `plan:${task}`;

/** The steps of a task's plan that have begun, by their place in it. */
export async function standingOf(
  database: Database,
  task: Id<"task">,
): Promise<ReadonlyMap<number, StepStanding>> {
  const steps = database.tables<DelegationTables>().selectFrom("plan_step").selectAll();
  const rows = await steps.where("task", "=", task).execute();
  return new Map(
    rows.map((row) => [
      row.position,
      {
        calls: row.calls,
        state: row.state as StepState,
        agent: row.agent,
        ...(row.evidence === null ? {} : { evidence: row.evidence }),
        ...(row.reported_at === null ? {} : { reportedAt: row.reported_at }),
      },
    ]),
  );
}

/** Who moves a step on. */
export interface StepBy {
  readonly task: Id<"task">;
  readonly position: number;
  readonly agent: AgentName;
  readonly instance: string;
}

/** One call more in a step, which thereby begins. The plan's head guards what was read of it. */
export function countStep(change: Change, by: StepBy): void {
  const row = { ...by, calls: 1, state: "started", evidence: null, reported_at: null };
  const insert = change.tables<DelegationTables>().insertInto("plan_step").values(row);
  change.add(
    insert.onConflict((conflict) =>
      conflict
        .columns(["task", "position"])
        .doUpdateSet(({ ref, eb }) => ({ calls: eb(ref("plan_step.calls"), "+", 1), state: "started" })),
    ),
  );
}

/** What an agent says of a step. */
export function putReport(
  change: Change,
  by: StepBy,
  report: { readonly state: StepState; readonly evidence: string | null; readonly at: number },
): void {
  const said = { state: report.state, evidence: report.evidence, reported_at: report.at };
  const { agent, instance } = by;
  const row = { ...by, ...said, calls: 0 };
  const insert = change.tables<DelegationTables>().insertInto("plan_step").values(row);
  change.add(
    insert.onConflict((conflict) =>
      conflict.columns(["task", "position"]).doUpdateSet({ ...said, agent, instance }),
    ),
  );
}
