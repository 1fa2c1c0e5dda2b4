import type { Grant } from "@countersign/proof/grant";
import type { z } from "zod";
import { chainOf, delegationsHeld, type edgeAnswer } from "../delegation/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";

const PAGE = 200;

type Edge = z.output<typeof edgeAnswer>;

/** Whether the calling agent, whichever copy of it, holds a living delegation that names a resource. */
export async function holdsDelegationAt(deps: OauthDeps, caller: Caller, resource: string): Promise<boolean> {
  let after: string | undefined;
  do {
    const { items, next } = await heldAfter(deps, caller, after);
    const open = items.filter((edge) => isOpen(edge, deps.clock.now()) && names(edge, resource));
    for (const { id } of open) if (await isAlive(deps, id)) return true;
    after = next;
  } while (after !== undefined);
  return false;
}

/** One page of what delegation answers an agent that asks which delegations it holds. */
async function heldAfter(
  deps: OauthDeps,
  caller: Caller,
  after: string | undefined,
): Promise<{ items: Edge[]; next?: string }> {
  const request = { method: "GET", url: deps.issuer, path: "", headers: {}, source: caller.source ?? "" };
  const input = { params: undefined, query: { limit: PAGE, after }, body: undefined, request };
  return (await delegationsHeld.handle(deps, caller, input)).body as { items: Edge[]; next?: string };
}

const isOpen = ({ ended_at, expires }: Edge, now: number): boolean => ended_at === undefined && expires > now;

const names = ({ grants }: Edge, resource: string): boolean =>
  (grants as Grant[]).some(({ locations }) => locations.includes(resource));

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
