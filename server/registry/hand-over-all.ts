import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, type PersonId } from "../lib/index.ts";
import { isAdministrator } from "./authority.ts";
import { agentHandedOver, serviceHandedOver } from "./events.ts";
import { accountHandedOver } from "./events-accounts.ts";
import { giversAfter } from "./givers.ts";
import { requireOwner } from "./owner.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { ownedAccounts, setAccountOwner } from "./store-accounts.ts";
import { insertChanges, watchesOf } from "./store-changes.ts";
import { ownedAgents, ownedServices, setOwner, setServiceOwner } from "./store-lifecycle.ts";

/** How many of each kind were handed over. */
export interface HandedOver {
  readonly agents: number;
  readonly services: number;
  readonly accounts: number;
}

/**
 * Gives all that a person answers for to another one, in one change: by herself while she is there, or by an
 * administrator, also after she has left.
 * @throws Fault `forbidden`; `invalid` for somebody who is not active, and for herself; `conflict` where an agent
 *   has gone from hand to hand too often
 */
export function handOverAll(
  deps: RegistryDeps,
  caller: Caller,
  { id: from, to }: { id: PersonId; to: PersonId },
): Promise<HandedOver> {
  return perform(deps, caller, "person.hand-over", async (change) => {
    requireHerselfOrAdministrator(caller, from);
    if (from === to) throw isHerself();
    await requireOwner(deps, change, "agents and accounts", to);
    return handOverWithin(deps, change, caller, { from, to });
  });
}

async function handOverWithin(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  { from, to }: { from: PersonId; to: PersonId },
): Promise<HandedOver> {
  const { database } = deps;
  const agents = await ownedAgents(database, from);
  const services = await ownedServices(database, from);
  const accounts = await ownedAccounts(database, from);
  for (const [before, some] of Map.groupBy(agents, ({ givers }) => givers)) {
    const after = giversAfter(before === null ? [] : JSON.parse(before), from, caller);
    const givers = after.length === 0 ? null : JSON.stringify(after);
    setOwner(change, { from, to, before, givers, count: some.length });
  }
  setServiceOwner(change, { from, to, count: services.length });
  setAccountOwner(change, { from, to, count: accounts.length });
  const body = { from, to };
  insertChanges(change, watchesOf(agents), deps.clock.now());
  for (const { name } of agents)
    append(change, agentHandedOver(deps, caller, { agent: name, person: to }, body));
  for (const service of services)
    append(change, serviceHandedOver(deps, caller, { person: to }, { ...body, service }));
  for (const account of accounts)
    append(change, accountHandedOver(deps, caller, { person: to }, { ...body, account }));
  return { agents: agents.length, services: services.length, accounts: accounts.length };
}

function requireHerselfOrAdministrator(caller: Caller, id: PersonId): void {
  if (isAdministrator(caller) || (caller.kind === "person" && caller.principal === id)) return;
  throw new Fault("forbidden", "Only she herself or an administrator may hand over what she answers for.", {
    remedy: "Ask one of them.",
  });
}

const isHerself = (): Fault =>
  new Fault("invalid", "She answers for all of this already.", { remedy: "Name somebody else." });
