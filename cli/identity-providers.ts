import type { Command } from "commander";
import { allOf } from "./all-of.ts";
import { openClient } from "./client.ts";
import { AS_JSON, clientOf, definitionOf, FILE, few } from "./definition.ts";
import { bold, green, say, table, visible } from "./say.ts";

interface IdentityProvider {
  name: string;
  state: string;
  issuer: string;
  clients: { client_id: string; agent: string; id_jag: string }[];
  subjects: { by: string; domains?: string[] };
}

interface Put {
  file?: string;
  issuer?: string;
  jwksUri?: string;
  algorithm?: string[];
  idJag?: string[];
  client?: string[];
  emailDomain?: string[];
}

/** `identity-providers`: the company's own sign-ins, whose word about people is taken. */
export function identityProviderCommands(program: Command): void {
  const providers = program
    .command("identity-providers")
    .description("the company's sign-ins, whose word about people is taken");
  providers
    .command("list", { isDefault: true })
    .description("list them, those that were ended too")
    .option(...AS_JSON)
    .action(list);
  providers
    .command("show <name>")
    .description("everything that is taken of one, and for which agents")
    .action(async (name: string) => say.json(await openClient().get(pathOf(name))));
  defining(providers);
  providers
    .command("end <name>")
    .description("take its word no more: everything that rests on it is dead")
    .action(end);
  providers
    .command("link <name> <person> <subject>")
    .description("say who a person is there: the `sub` of its tokens about her")
    .action(link);
  providers
    .command("unlink <name> <person>")
    .description("she is nobody's there, until she is linked again")
    .action(unlink);
}

function defining(providers: Command): void {
  providers
    .command("put <name>")
    .description("take its word, as a whole: what is left out is taken away, with what rested on it")
    .option("--issuer <url>", "as its tokens name it, exactly; it never changes")
    .option("--jwks-uri <url>", "where its keys are, where its metadata does not say")
    .option("--algorithm <name...>", "what may sign: ES256, EdDSA, RS256, PS256")
    .option("--id-jag <id=agent...>", "clients by their id there: these agents may act on its word (ID-JAG)")
    .option("--client <id=agent...>", "clients by their id there that may not")
    .option("--email-domain <domain...>", "whose verified addresses tell who somebody is; else links alone")
    .option(...FILE)
    .addHelpText("after", EXAMPLE)
    .action(put);
}

const EXAMPLE = `
Example:
  countersign identity-providers put acme --issuer https://idp.acme.example \\
    --id-jag reporter=report-agent --email-domain acme.example`;

const pathOf = (name: string): string => `/identity-providers/${encodeURIComponent(name)}`;
const subjectPath = (name: string, person: string): string =>
  `/people/${encodeURIComponent(person)}/subjects/${encodeURIComponent(name)}`;

async function list({ json = false }: { json?: boolean }): Promise<void> {
  const items = await allOf<IdentityProvider>("/identity-providers");
  if (json) return say.json(items);
  if (items.length === 0)
    return say.line("No company's word is taken yet: countersign identity-providers put --help");
  const rows = items.map(({ name, state, clients, subjects, issuer }) => [
    name,
    state,
    few(actingOf(clients)),
    subjects.by === "email" ? few(subjects.domains ?? []) : "links",
    issuer,
  ]);
  say.line(table([["NAME", "STATE", "ACTING", "PEOPLE BY", "ISSUER"], ...rows]));
}

async function put(name: string, { file, idJag = [], client = [], ...flags }: Put): Promise<void> {
  const acting = idJag.map((said) => ({ ...clientOf(said), id_jag: "allowed" }));
  const definition = definitionOf(file, {
    issuer: flags.issuer,
    jwks_uri: flags.jwksUri,
    algorithms: flags.algorithm,
    clients: [...acting, ...client.map(clientOf)],
    subjects: flags.emailDomain && { by: "email", domains: flags.emailDomain },
  });
  const { issuer, clients } = await openClient().put<IdentityProvider>(pathOf(name), definition);
  const agents = actingOf(clients);
  const who = agents.length === 0 ? "no agent acts on it yet" : `${few(agents)} may act on it`;
  say.line(`${green("✓")} the word of ${bold(visible(name))} (${visible(issuer)}) is taken; ${visible(who)}`);
}

const actingOf = (clients: IdentityProvider["clients"]): string[] =>
  [...new Set(clients.filter(({ id_jag }) => id_jag === "allowed").map(({ agent }) => agent))].sort();

async function end(name: string): Promise<void> {
  await openClient().delete(pathOf(name));
  say.line(`${green("✓")} the word of ${bold(visible(name))} is taken no more; what rested on it is dead`);
}

async function link(name: string, person: string, subject: string): Promise<void> {
  await openClient().put(subjectPath(name, person), { subject });
  say.line(`${green("✓")} ${bold(visible(person))} is ${visible(subject)} at ${bold(visible(name))}`);
}

async function unlink(name: string, person: string): Promise<void> {
  await openClient().delete(subjectPath(name, person));
  say.line(`${green("✓")} ${bold(visible(person))} is nobody at ${bold(visible(name))} any more`);
}
