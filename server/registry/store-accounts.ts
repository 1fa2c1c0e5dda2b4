import type { Change, Database } from "../database/index.ts";
import type { AgentName, PersonId } from "../lib/index.ts";
import type { Account } from "./account.ts";
import type { Page } from "./page.ts";
import type { AccountTables } from "./tables-accounts.ts";

type Row = AccountTables["account"];

const rowOf = ({ lastUsed, adoptedBy, ...account }: Account): Row => ({
  ...account,
  owner: account.owner ?? null,
  scope: account.scope ?? null,
  environment: account.environment ?? null,
  static: account.static ? 1 : 0,
  made: account.made ?? null,
  last_used: lastUsed ?? null,
  adopted_by: adoptedBy ?? null,
});

function accountOf({ last_used, adopted_by, ...row }: Row): Account {
  const members = { ...row, static: row.static === 1, lastUsed: last_used, adoptedBy: adopted_by };
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== null),
  ) as unknown as Account;
}

const accounts = (database: Database) => database.tables<AccountTables>().selectFrom("account").selectAll();

export function insertAccount(change: Change, account: Account): void {
  change.add(change.tables<AccountTables>().insertInto("account").values(rowOf(account)));
}

/** Replaces the record, if nobody else did since it was read. */
export function replaceAccount(change: Change, before: Account, after: Account): void {
  const { id, ...columns } = rowOf({ ...after, revision: before.revision + 1 });
  const update = change.tables<AccountTables>().updateTable("account").set(columns);
  change.add(update.where("id", "=", id).where("revision", "=", before.revision));
}

export async function accountById(database: Database, id: string): Promise<Account | undefined> {
  const row = await accounts(database).where("id", "=", id).executeTakeFirst();
  return row && accountOf(row);
}

/** By what it is called where it exists. */
export async function accountAt(
  database: Database,
  { system, place, name }: Pick<Account, "system" | "place" | "name">,
): Promise<Account | undefined> {
  const there = accounts(database).where("system", "=", system).where("place", "=", place);
  const row = await there.where("name", "=", name).executeTakeFirst();
  return row && accountOf(row);
}

/** Which accounts a list holds; absent members do not cut it. */
export interface AccountsWanted {
  readonly owner?: string | undefined;
  readonly kind?: string | undefined;
  readonly state?: string | undefined;
  readonly adopted_by?: string | undefined;
}

export async function accountsAfter(
  database: Database,
  { after = "", limit, ...wanted }: Page & AccountsWanted,
): Promise<Account[]> {
  const said = Object.entries(wanted).filter(([, value]) => value !== undefined);
  const cut = said.reduce(
    (found, [column, value]) => found.where(column as "owner", "=", value as string),
    accounts(database).where("id", ">", after),
  );
  return (await cut.orderBy("id").limit(limit).execute()).map(accountOf);
}

/** The accounts that an agent works by. */
export async function accountsOfAgent(database: Database, agent: AgentName): Promise<Account[]> {
  return (await accounts(database).where("adopted_by", "=", agent).execute()).map(accountOf);
}

/** The accounts that a person answers for. */
export async function ownedAccounts(database: Database, owner: PersonId): Promise<string[]> {
  const owned = database.tables<AccountTables>().selectFrom("account").select("id");
  return (await owned.where("owner", "=", owner).orderBy("id").execute()).map(({ id }) => id);
}

/** Gives all of a person's accounts to another: as many as were read, or the verb decides again. */
export function setAccountOwner(
  change: Change,
  { from, to, count }: { from: PersonId; to: PersonId; count: number },
): void {
  const update = change.tables<AccountTables>().updateTable("account");
  const given = update.set(({ ref, eb }) => ({ owner: to, revision: eb(ref("revision"), "+", 1) }));
  change.add(given.where("owner", "=", from), { rows: count });
}
