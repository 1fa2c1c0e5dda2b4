import { append, type EventKind, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type AgentName, type Caller, Fault } from "../lib/index.ts";
import { accepted } from "./accepted.ts";
import { type Account, type AccountUpdate, accountUpdate, accountWith } from "./account.ts";
import { requireAdministrator } from "./authority.ts";
import {
  accountAdopted,
  accountFacts,
  accountReleased,
  accountRetired,
  accountUpdated,
} from "./events-accounts.ts";
import { accountOrRefuse } from "./find-account.ts";
import { agentOrRefuse } from "./find-agent.ts";
import { requireOwner } from "./owner.ts";
import { changedMembers, withoutNull } from "./record.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { accountsOfAgent, replaceAccount } from "./store-accounts.ts";

/**
 * Says what is known of an account anew: what is absent stays, `null` takes away. Whoever says how dangerous it is
 * must not be whoever answers for it, so this is an administrator's.
 * @throws Fault `forbidden`; `not-found`; `invalid`; `conflict` when it is retired, or adopted and left without owner
 */
export function updateAccount(
  deps: RegistryDeps,
  caller: Caller,
  { id, update: attackerUpdate }: { id: string; update: AccountUpdate },
): Promise<Account> {
  return perform(deps, caller, "account.update", async (change) => {
    requireAdministrator(caller);
    const before = await accountOrRefuse(deps, caller, id);
    const after = withoutNull(before, accepted("account", accountUpdate, attackerUpdate));
    const changed = changedMembers(before, after);
    if (changed.length === 0) return before;
    if (after.owner !== undefined && after.owner !== before.owner)
      await requireOwner(deps, change, "account", after.owner);
    if (after.owner === undefined && after.adoptedBy !== undefined) throw needsOwner();
    const kept = accountWith(before, after);
    replaceAccount(change, before, kept);
    const body = { ...accountFacts(deps, change, kept), changed };
    append(change, accountUpdated(deps, caller, {}, body));
    return { ...kept, revision: before.revision + 1 };
  });
}

/**
 * Notes that an agent of ours works by this account: who answers for both may, and administrators. One that nobody
 * answered for is its owner's from then on. It gives the agent nothing.
 * @throws Fault `forbidden`; `not-found`; `conflict` when it is retired, or another agent's
 */
export function adoptAccount(
  deps: RegistryDeps,
  caller: Caller,
  { id, agent: attackerAgent }: { id: string; agent: AgentName },
): Promise<Account> {
  return perform(deps, caller, "account.adopt", async (change) => {
    const before = await accountOrRefuse(deps, caller, id);
    const agent = await agentOrRefuse(deps, attackerAgent);
    // The account's owner is whom `accountOrRefuse` has let in.
    if (agent.owner !== caller.principal) requireAdministrator(caller);
    if (agent.status === "decommissioned") throw isOver(agent.name);
    if (before.adoptedBy === agent.name) return before;
    if (before.adoptedBy !== undefined) throw isAnothers();
    if (caller.principal !== before.owner) requireAdministrator(caller);
    await requireOwner(deps, change, `agent ${agent.name}`, agent.owner);
    const after = { ...before, owner: before.owner ?? agent.owner, adoptedBy: agent.name };
    return keep(deps, change, caller, before, accountWith(before, after), accountAdopted);
  });
}

/**
 * Notes that it is gone, or that nobody needs it: for ever.
 * @throws Fault `forbidden`; `not-found`; `conflict` when it is retired already
 */
export function retireAccount(deps: RegistryDeps, caller: Caller, { id }: { id: string }): Promise<Account> {
  return perform(deps, caller, "account.retire", async (change) => {
    requireAdministrator(caller);
    const before = await accountOrRefuse(deps, caller, id);
    const { adoptedBy: _, ...kept } = accountWith(before, before);
    return keep(deps, change, caller, before, { ...kept, state: "retired" }, accountRetired);
  });
}

/** In the change that ends an agent: what it worked by is its owners' to look after again. */
export async function releaseAccounts(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  agent: AgentName,
): Promise<void> {
  for (const before of await accountsOfAgent(deps.database, agent)) {
    const { adoptedBy: _, ...kept } = before;
    keep(deps, change, caller, before, accountWith(before, kept), accountReleased);
  }
}

function keep(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  before: Account,
  after: Account,
  event: EventKind,
): Account {
  replaceAccount(change, before, after);
  const { id, state } = after;
  const agent = after.adoptedBy ?? before.adoptedBy;
  const about = agent === undefined ? {} : { agent };
  append(change, event(deps, caller, about, { account: id, state }));
  return { ...after, revision: before.revision + 1 };
}

const needsOwner = (): Fault =>
  new Fault("conflict", "An agent works by this account, so somebody must answer for it.", {
    remedy: "Name another owner.",
  });

const isAnothers = (): Fault =>
  new Fault("conflict", "Another agent works by this account.", {
    remedy: "Give each agent an account of its own, or decommission the other one.",
  });

const isOver = (name: AgentName): Fault =>
  new Fault("conflict", `The agent ${name} is decommissioned.`, { remedy: "Name another one." });
