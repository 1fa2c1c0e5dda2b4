import { append, perform } from "../audit/index.ts";
import type { Caller, Id } from "../lib/index.ts";
import type { Question } from "../policy/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { factContradicted } from "./events.ts";
import { aboutAsked } from "./request.ts";

/**
 * Records, in a change of its own, that an argument says something else than what is true of the resource:
 * either the agent was misled or it misleads. Names alone; what either says stays out of the log.
 */
export async function raiseContradictions(
  deps: ApprovalsDeps,
  caller: Caller,
  { circumstances, tool, resource, task, agent, person }: Question,
  decision: Id<"decision">,
): Promise<void> {
  const contradicted = circumstances?.facts?.contradicted ?? [];
  if (contradicted.length === 0) return;
  const about = aboutAsked({
    ...(task === undefined ? {} : { task }),
    ...(agent === undefined ? {} : { agent: agent.name }),
    ...(person === undefined ? {} : { person: person.id }),
  });
  const body = {
    decision,
    tool: tool ?? "",
    resource: resource.location,
    contradicted: contradicted.map(({ argument, fact }) => ({ argument, fact })),
  };
  await perform(deps, caller, "fact.alarm", async (change) => {
    append(change, factContradicted(deps, caller, about, body));
  });
}
