import { append, perform } from "../audit/index.ts";
import { type Caller, Fault, newId } from "../lib/index.ts";
import { accepted } from "./accepted.ts";
import { type Account, type AccountSaid, accountSaid, stateOf } from "./account.ts";
import { requireAdministrator } from "./authority.ts";
import { accountFacts, accountInventoried } from "./events-accounts.ts";
import { requireOwner } from "./owner.ts";
import { defined } from "./record.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { accountAt, insertAccount } from "./store-accounts.ts";

/**
 * Takes an identity that exists elsewhere into the inventory. It authenticates nobody here, whatever is said of it.
 * @throws Fault `forbidden`; `invalid`, also for what looks like a secret; `exists` when it is there already
 */
export function addAccount(
  deps: RegistryDeps,
  caller: Caller,
  attackerAccount: AccountSaid,
): Promise<Account> {
  return perform(deps, caller, "account.add", async (change) => {
    requireAdministrator(caller);
    const said = accepted("account", accountSaid, attackerAccount);
    await refuseKnown(deps, said);
    if (said.owner !== undefined) await requireOwner(deps, change, "account", said.owner);
    const id = newId(deps, "account");
    const first = { id, seen: deps.clock.now(), revision: 0 };
    const facts = { ...defined(said), ...first };
    const account: Account = { ...facts, state: stateOf(facts) };
    insertAccount(change, account);
    append(change, accountInventoried(deps, caller, {}, accountFacts(deps, change, account)));
    return account;
  });
}

async function refuseKnown(
  deps: RegistryDeps,
  where: Pick<Account, "system" | "place" | "name">,
): Promise<void> {
  const known = await accountAt(deps.database, where);
  if (known === undefined) return;
  throw new Fault("exists", "This account is in the inventory already.", {
    remedy: `Change ${known.id} instead.`,
  });
}
