import { append, perform } from "../audit/index.ts";
import type { Caller, Id } from "../lib/index.ts";
import { enginesDiffer, policyErrored } from "./events.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import type { Question } from "./question.ts";
import type { Verdict } from "./verdict.ts";

/**
 * Records, in a change of its own, which policies could not be evaluated for a decision. What Cedar says of
 * them may repeat an argument, so it goes to the operator's log alone.
 */
export async function raiseAlarms(
  deps: PolicyDeps,
  caller: Caller,
  question: Question,
  decision: Id<"decision">,
  { alarms, policyVersion }: Verdict,
): Promise<void> {
  if (alarms.length === 0) return;
  deps.log.error({ decision, policyVersion, alarms }, "policies could not be evaluated");
  const { action, tool, task, agent, person } = question;
  const about = {
    ...(task === undefined ? {} : { task: task.id }),
    ...(agent === undefined ? {} : { agent: agent.name }),
    ...(person === undefined ? {} : { person: person.id }),
  };
  const policies = alarms.map(({ policy, effect }) => ({ policy, effect }));
  const body = { version: policyVersion, decision, action, ...(tool === undefined ? {} : { tool }) };
  const differ = alarms.some(({ differs }) => differs === true);
  await perform(deps, caller, "policy.alarm", async (change) => {
    append(
      change,
      differ
        ? enginesDiffer(deps, caller, about, body)
        : policyErrored(deps, caller, about, { ...body, policies }),
    );
  });
}
