import type { DatabaseDeps } from "../database/index.ts";
import { cutPage } from "../http/index.ts";
import { type Caller, Fault } from "../lib/index.ts";
import type { Account } from "./account.ts";
import { isAdministrator } from "./authority.ts";
import type { Page } from "./page.ts";
import { type AccountsWanted, accountById, accountsAfter } from "./store-accounts.ts";

/** Administrators and auditors see the whole inventory; others see what they answer for. */
const seesAll = (caller: Caller): boolean => isAdministrator(caller) || caller.roles.includes("auditor");

/** @throws Fault `not-found`, also for one that is not the caller's to see */
export async function accountOrRefuse(
  deps: DatabaseDeps,
  caller: Caller,
  attackerId: string,
): Promise<Account> {
  const account = await accountById(deps.database, attackerId);
  if (account !== undefined && (seesAll(caller) || account.owner === caller.principal)) return account;
  throw new Fault("not-found", "There is no such account that you answer for.", {
    remedy: "List the accounts.",
  });
}

/** A page of accounts in the order in which they were taken in: all, or those that the caller answers for. */
export async function listAccounts(
  deps: DatabaseDeps,
  caller: Caller,
  wanted: Page & AccountsWanted,
): Promise<{ items: Account[]; next?: string }> {
  const hers = seesAll(caller) ? wanted : { ...wanted, owner: caller.principal };
  if (wanted.owner !== undefined && wanted.owner !== hers.owner) return { items: [] };
  const rows = await accountsAfter(deps.database, { ...hers, limit: wanted.limit + 1 });
  return cutPage(rows, wanted.limit, ({ id }) => id);
}
