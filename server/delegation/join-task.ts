import type { Change } from "../database/index.ts";
import { Fault } from "../lib/index.ts";
import type { LivingChain } from "./chain-of.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { beyond, isUnmarked } from "./history.ts";
import { historyHeads, historyKeys } from "./remember.ts";
import { headsAt, moveHead, pushHead } from "./store-heads.ts";
import { marksUnder, passMarks } from "./store-history.ts";
import { insertWorker, otherOpenTasks, worksOn } from "./store-workers.ts";
import { aboutTask } from "./task.ts";

/**
 * A running copy begins to work on a task, or goes on: what sticks to the one sticks to the other from now
 * on. A copy works on one open task at a time, unless its agent's record says that it is shared.
 * @param instance of the agent that holds the chain's last link
 * @throws Fault `denied` when it works on another task
 */
export async function joinTask(
  deps: DelegationDeps,
  change: Change,
  chain: LivingChain,
  instance: string,
): Promise<void> {
  const of = { task: chain.task.id, instance };
  if (await worksOn(deps.database, of)) return goOn(deps, change, of);
  // Before what is remembered is read: of two tasks that it joins at once, one sees the other.
  const heads = await headsAt(deps.database, historyHeads(of));
  const holder = chain.agents.at(-1);
  if (holder?.delegation.shared !== true) await refuseAnother(deps, chain, of);
  for (const head of heads) moveHead(change, head);
  insertWorker(change, { ...of, joinedAt: deps.clock.now() });
  exchangeMarks(change, of);
}

interface Working {
  readonly task: LivingChain["task"]["id"];
  readonly instance: string;
}

/** Most of the time there is nothing new, and nothing is written. */
async function goOn(deps: DelegationDeps, change: Change, of: Working): Promise<void> {
  const [task, copy] = await marksUnder(deps.database, historyKeys(of));
  if (task === undefined || copy === undefined) return;
  if (isUnmarked(beyond(task, copy)) && isUnmarked(beyond(copy, task))) return;
  for (const key of historyHeads(of)) pushHead(change, key);
  exchangeMarks(change, of);
}

function exchangeMarks(change: Change, of: Working): void {
  const [task, copy] = historyKeys(of);
  if (copy === undefined) return;
  passMarks(change, copy, task);
  passMarks(change, task, copy);
}

async function refuseAnother(deps: DelegationDeps, chain: LivingChain, of: Working): Promise<void> {
  const [other] = await otherOpenTasks(deps.database, of, deps.clock.now());
  if (other === undefined) return;
  throw new Fault("denied", "This running copy of the agent works on another task that is still open.", {
    remedy:
      "Close that task, start another copy of the agent, or let its owner have the agent marked as shared.",
    members: {
      reasons: [{ policy: "one-task-per-instance", reason: "One copy serves one task at a time." }],
    },
    record: { about: aboutTask(chain.task), instance: of.instance, works_on: other },
  });
}
