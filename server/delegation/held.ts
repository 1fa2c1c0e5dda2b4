import type { AgentName } from "../lib/index.ts";
import { deadAmong } from "../revocation/index.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { type HeldEdge, heldHead, openEdgesTo, restsOfEdges, wasEverGiven } from "./store-delegations.ts";
import { type Head, headsAt } from "./store-heads.ts";

const PAGE = 200;

/** Whether an agent holds a living delegation that names a resource, and where that was read. */
export interface Held {
  readonly holds: boolean;
  /** Held to at a commit, it says that the agent was given no delegation since. */
  readonly head: Head;
}

/**
 * Whether an agent, whichever copy of it, holds a living delegation that names a resource. One that only
 * rests, because somebody in it is dormant or must prove itself, may go on: it counts as alive.
 */
export async function heldAtResource(
  deps: DelegationDeps,
  agent: AgentName,
  resource: string,
  counts: (edge: HeldEdge) => boolean = () => true,
): Promise<Held> {
  const [head = { key: heldHead(agent), version: 0 }] = await headsAt(deps.database, [heldHead(agent)]);
  return { head, holds: await holdsAny(deps, agent, (edge) => names(edge, resource) && counts(edge)) };
}

/** As `heldAtResource`, but for what the agent gave itself by a task that rests on its own authority. */
export const heldFromOthers = (deps: DelegationDeps, agent: AgentName, resource: string): Promise<Held> =>
  heldAtResource(deps, agent, resource, ({ from }) => from !== agent);

/** Whether an agent has a living task there that rests on its own authority. */
export const heldFromSelf = async (
  deps: DelegationDeps,
  agent: AgentName,
  resource: string,
): Promise<boolean> => holdsAny(deps, agent, (edge) => names(edge, resource) && edge.from === agent);

async function holdsAny(
  deps: DelegationDeps,
  agent: AgentName,
  counts: (edge: HeldEdge) => boolean,
): Promise<boolean> {
  if (!(await wasEverGiven(deps.database, agent))) return false;
  const now = deps.clock.now();
  let after: string | undefined;
  do {
    const { items, next } = await openEdgesTo(deps.database, { agent, now }, { limit: PAGE, after });
    if (await anyAlive(deps, items.filter(counts))) return true;
    after = next;
  } while (after !== undefined);
  return false;
}

const names = ({ grants }: HeldEdge, resource: string): boolean =>
  grants.some(({ locations }) => locations.includes(resource));

/** An edge lives while none of those that it hangs on is dead; it never outlasts one of them. */
async function anyAlive(deps: DelegationDeps, edges: readonly HeldEdge[]): Promise<boolean> {
  const above = new Set(edges.flatMap(({ path }) => path.slice(0, -1)));
  const rests = await restsOfEdges(deps.database, [...above]);
  const keysOf = ({ task, path, rests: own = [] }: HeldEdge) => [
    `task:${task}`,
    ...path.flatMap((edge) => [`edge:${edge}`, ...(rests.get(edge) ?? [])]),
    ...own,
  ];
  const dead = new Set(await deadAmong(deps, [...new Set(edges.flatMap(keysOf))]));
  return edges.some((edge) => keysOf(edge).every((key) => !dead.has(key)));
}
