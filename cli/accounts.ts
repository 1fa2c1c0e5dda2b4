import type { Command } from "commander";
import { allOf } from "./all-of.ts";
import { openClient } from "./client.ts";
import { bold, green, say, table, visible } from "./say.ts";

interface Account {
  id: string;
  kind: string;
  system: string;
  place: string;
  name: string;
  privilege: string;
  state: string;
  owner?: string;
  adoptedBy?: string;
}

interface Wanted {
  owner?: string;
  kind?: string;
  state?: string;
}

interface Said {
  place?: string;
  privilege: string;
  sensitivity: string;
  static?: true;
  owner?: string;
  scope?: string;
  environment?: string;
}

/** `accounts`: identities of programs that exist elsewhere, and who answers for them. */
export function accountCommands(program: Command): void {
  const accounts = program
    .command("accounts")
    .description("identities elsewhere: roles, keys, bots; they authenticate nobody here");
  accounts
    .command("list", { isDefault: true })
    .description("list them")
    .option("--owner <person>", "who answers for them")
    .option("--kind <kind>", "such as cloud-role, api-key, bot-user")
    .option("--state <state>", "inventoried, owned, adopted or retired")
    .action(list);
  accounts
    .command("add <kind> <system> <name>")
    .description("take one into the inventory, by what it is called there; never its secret")
    .requiredOption("--privilege <privilege>", "read, write or administer")
    .requiredOption("--sensitivity <sensitivity>", "public, internal, confidential or restricted")
    .option("--place <place>", "where in that system: an account, an organisation")
    .option("--static", "what proves it never changes by itself: a key, a password")
    .option("--owner <person>", "the id of the person who answers for it")
    .option("--scope <words>", "which data it opens")
    .option("--environment <environment>", "development, staging or production")
    .action(add);
  accounts
    .command("adopt <account> <agent>")
    .description("note that an agent works by it")
    .action((id: string, agent: string) => act(id, "adopt", { agent }));
  accounts
    .command("retire <account>")
    .description("it is gone, or nobody needs it")
    .action((id: string) => act(id, "retire"));
}

async function list(wanted: Wanted): Promise<void> {
  const query = new URLSearchParams({ ...wanted });
  const items = await allOf<Account>(`/accounts?${query}`);
  if (items.length === 0) return say.line("No accounts here. Take one in: countersign accounts add --help");
  const rows = items.map(({ id, kind, system, place, name, privilege, state, owner, adoptedBy }) => [
    id,
    kind,
    [system, place, name].filter((part) => part !== "").join(" "),
    privilege,
    state,
    adoptedBy ?? owner ?? "",
  ]);
  say.line(table([["ID", "KIND", "WHERE", "PRIVILEGE", "STATE", "WHOSE"], ...rows]));
}

async function add(kind: string, system: string, name: string, said: Said): Promise<void> {
  const body = { kind, system, name, ...said, static: said.static === true };
  const { id } = await openClient().post<Account>("/accounts", body);
  say.line(`${green("✓")} ${bold(visible(name))} is ${id}`);
}

async function act(id: string, verb: "adopt" | "retire", body?: object): Promise<void> {
  const path = `/accounts/${encodeURIComponent(id)}/${verb}`;
  const account = await openClient().post<Account>(path, body);
  say.line(`${green("✓")} ${bold(visible(account.name))} is ${account.state}`);
}
