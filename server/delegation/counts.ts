import { type Call, type Grant, permits } from "@countersign/proof/grant";
import type { Change, DatabaseDeps } from "../database/index.ts";
import { Fault } from "../lib/index.ts";
import type { Chain, Link } from "./chain.ts";
import { addUse, type Count, countsOf } from "./store-delegations.ts";
import { aboutTask } from "./task.ts";

/**
 * Lets a call pass that EVERY link of the chain permits, and counts it where all that a link has for it is
 * counted (`max_uses`): however many tokens are made from a delegation, it admits exactly so many calls.
 * @throws Fault `denied` when a link does not permit the call, `gone` when a count is used up
 */
export async function countCall(
  deps: DatabaseDeps,
  change: Change,
  chain: Chain,
  attackerCall: Call,
): Promise<void> {
  const counts = await countsOf(
    deps.database,
    chain.links.map((link) => link.edge),
  );
  for (const link of chain.links) countInLink(change, chain, link, attackerCall, counts);
}

function countInLink(change: Change, chain: Chain, link: Link, call: Call, counts: readonly Count[]): void {
  const fitting = [...link.grants.entries()].filter(([, grant]) => permits(grant as Grant, call));
  if (fitting.length === 0) throw notPermitted(chain);
  if (fitting.some(([, grant]) => grant.max_uses === undefined)) return;
  const left = fitting
    .map(([position]) => counts.find((count) => count.edge === link.edge && count.position === position))
    .find((count) => count !== undefined && count.used < count.most);
  if (left === undefined) throw usedUp(chain);
  change.lock(`delegation:${link.edge}`);
  addUse(change, left);
}

const notPermitted = (chain: Chain): Fault =>
  new Fault("denied", "The chain of authority does not permit this call.", {
    remedy: "Ask for a delegation that covers it.",
    record: { about: aboutTask(chain.task) },
  });

const usedUp = (chain: Chain): Fault =>
  new Fault("gone", "What was delegated for this has been used as often as it may be.", {
    remedy: "Ask for a new delegation.",
    record: { about: aboutTask(chain.task) },
  });
