import { findAgent, findPerson, type Person } from "../registry/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { givenReceipt, type StoredReceipt } from "./receipt.ts";
import type { ApprovalRequest, Asked } from "./request.ts";
import { type Behind, counts } from "./requirement.ts";
import { receiptsOf } from "./store.ts";

/** Whom a request is about, as the registry knows them now, not as they were when it was asked. */
export async function behind(
  deps: ApprovalsDeps,
  asked: Pick<Asked, "person" | "agent" | "agents" | "delegateTo" | "sum">,
): Promise<Behind> {
  const [person, agents] = await Promise.all([
    asked.person && findPerson(deps, asked.person),
    Promise.all(agentsIn(asked).map((name) => findAgent(deps, name))),
  ]);
  // Whoever has given her agent to somebody else is no stranger to what it asks for.
  const owners = new Set(agents.flatMap((agent) => [agent?.owner ?? [], agent?.givenAwayBy ?? []].flat()));
  const { sum } = asked;
  return { ...(person ? { person } : {}), owners, ...(sum === undefined ? {} : { sum }) };
}

/** Every agent of the chain and the one that it would reach: not the last alone, which another may steer. */
const agentsIn = ({ agents, agent, delegateTo }: Pick<Asked, "agent" | "agents" | "delegateTo">): string[] =>
  [...agents, agent, delegateTo].filter((name) => name !== undefined);

/** The kept yeses of people who count now: whoever lost her role, or left, no longer does. */
export async function countingYeses(deps: ApprovalsDeps, request: ApprovalRequest): Promise<StoredReceipt[]> {
  const about = await behind(deps, request.asked);
  const stored = await receiptsOf(deps.database, request.id);
  const people = await Promise.all(stored.map(({ person }) => findPerson(deps, person)));
  return stored.filter((receipt, index) => countsNow(receipt, people[index], about));
}

const countsNow = (receipt: StoredReceipt, person: Person | undefined, about: Behind): boolean =>
  receipt.decision === "approve" && person !== undefined && counts(receipt.requirement, person, about);

/** The same, as decisions see them. None where the request no longer stands. */
export async function countingReceipts(deps: ApprovalsDeps, request: ApprovalRequest) {
  const { subject } = request;
  if (subject === undefined) return [];
  return (await countingYeses(deps, request)).map((stored) => givenReceipt(stored, subject));
}
