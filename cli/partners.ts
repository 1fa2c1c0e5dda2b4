import type { Command } from "commander";
import { allOf } from "./all-of.ts";
import { openClient } from "./client.ts";
import { AS_JSON, clientOf, definitionOf, FILE, few } from "./definition.ts";
import { bold, green, say, table, visible } from "./say.ts";

interface Partner {
  name: string;
  state: string;
  audience: string;
  resources: string[];
  clients: { agent: string; client_id: string }[];
  unseen_calls: string;
}

interface Put {
  file?: string;
  audience?: string;
  resource?: string[];
  client?: string[];
  unseenCalls?: true;
}

/** `partners`: authorization servers of other domains, to which our word about people goes. */
export function partnerCommands(program: Command): void {
  const partners = program
    .command("partners")
    .description("authorization servers of other domains, to which our word about people goes");
  partners
    .command("list", { isDefault: true })
    .description("list them, those that were ended too")
    .option(...AS_JSON)
    .action(list);
  partners
    .command("show <name>")
    .description("for which resources and agents our word is there")
    .action(async (name: string) => say.json(await openClient().get(pathOf(name))));
  partners
    .command("put <name>")
    .description("let our word go there, as a whole: what is left out is taken away")
    .option("--audience <url>", "its issuer identifier")
    .option("--resource <url...>", "what may be asked for there; it stands in our catalog, too")
    .option("--client <id=agent...>", "the agents that may carry our word, by their client ids there")
    .option(
      "--unseen-calls",
      "calls may run there that nobody asks us about, where policy wants to know them",
    )
    .option(...FILE)
    .addHelpText("after", EXAMPLE)
    .action(put);
  partners.command("end <name>").description("our word goes there no more").action(end);
  partners
    .command("subject <name> <person> <subject>")
    .description("say by what name a person is known there; else one is made up")
    .action(subject);
}

const EXAMPLE = `
Example:
  countersign partners put other --audience https://as.other.example \\
    --resource https://api.other.example --client r-1=report-agent`;

const pathOf = (name: string): string => `/partners/${encodeURIComponent(name)}`;

async function list({ json = false }: { json?: boolean }): Promise<void> {
  const items = await allOf<Partner>("/partners");
  if (json) return say.json(items);
  if (items.length === 0) return say.line("Our word goes nowhere yet: countersign partners put --help");
  const rows = items.map(({ name, state, clients, resources, audience }) => [
    name,
    state,
    few(clients.map(({ agent }) => agent)),
    String(resources.length),
    audience,
  ]);
  say.line(table([["NAME", "STATE", "CARRIED BY", "RESOURCES", "AUDIENCE"], ...rows]));
}

async function put(name: string, { file, ...flags }: Put): Promise<void> {
  const definition = definitionOf(file, {
    audience: flags.audience,
    resources: flags.resource,
    clients: flags.client?.map(clientOf),
    unseen_calls: flags.unseenCalls && "allowed",
  });
  // The server wants to be told that nobody carries it, rather than guess so.
  const body = { clients: [], ...definition };
  const { audience, clients } = await openClient().put<Partner>(pathOf(name), body);
  const who = clients.length === 0 ? "by nobody yet" : `by ${few(clients.map(({ agent }) => agent))}`;
  say.line(
    `${green("✓")} our word may go to ${bold(visible(name))} (${visible(audience)}), carried ${visible(who)}`,
  );
}

async function end(name: string): Promise<void> {
  await openClient().delete(pathOf(name));
  say.line(`${green("✓")} our word goes to ${bold(visible(name))} no more`);
}

async function subject(name: string, person: string, known: string): Promise<void> {
  const path = `${pathOf(name)}/subjects/${encodeURIComponent(person)}`;
  await openClient().put(path, { subject: known });
  say.line(`${green("✓")} ${bold(visible(person))} is ${visible(known)} at ${bold(visible(name))}`);
}
