import { chainOf, type Delegation, heldDelegations } from "../delegation/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";

const PAGE = 200;

/** Whether the calling agent, whichever copy of it, holds a living delegation that names a resource. */
export async function holdsDelegationAt(deps: OauthDeps, caller: Caller, resource: string): Promise<boolean> {
  let after: string | undefined;
  do {
    const { items, next } = await heldDelegations(deps, caller, { limit: PAGE, after });
    const open = items.filter((edge) => isOpen(edge, deps.clock.now()) && names(edge, resource));
    for (const { id } of open) if (await isAlive(deps, id)) return true;
    after = next;
  } while (after !== undefined);
  return false;
}

const isOpen = ({ endedAt, expires }: Delegation, now: number): boolean =>
  endedAt === undefined && expires > now;

const names = ({ grants }: Delegation, resource: string): boolean =>
  grants.some(({ locations }) => locations.includes(resource));

/** What only rests, because somebody in it is suspended, may go on: it counts as alive. */
async function isAlive(deps: OauthDeps, edge: string): Promise<boolean> {
  try {
    await chainOf(deps, edge);
    return true;
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return fault.code !== "gone" && fault.code !== "not-found";
  }
}
