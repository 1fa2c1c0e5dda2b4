import type { Command } from "commander";
import { allOf } from "./all-of.ts";
import { openClient } from "./client.ts";
import { definitionOf, FILE, few } from "./definition.ts";
import { read } from "./gate.ts";
import { bold, green, say, table, visible } from "./say.ts";

interface Host {
  name: string;
  type: string;
  status: string;
  expires: number;
  selectors: string[];
}

/** `hosts`: the machines that have joined. */
export function hostsCommands(program: Command): void {
  const hosts = program.command("hosts").description("the machines that have joined");
  hosts.command("list", { isDefault: true }).description("list them").action(list);
  hosts
    .command("show <name>")
    .description("everything that is known of one")
    .action(async (name: string) => say.json(await openClient().get(pathOf(name))));
  hosts
    .command("end <name>")
    .description("end it, and with it everything that it attested")
    .option("--ban", "it never joins again, whatever it shows")
    .option("--again", "what attests once only may attest once more: the machine was set up anew")
    .action(end);
  trusting(hosts);
}

function trusting(hosts: Command): void {
  const trust = hosts.command("trust").description("by whose word machines join, besides tokens");
  trust.command("list", { isDefault: true }).description("list it, by kind of evidence").action(listTrust);
  trust
    .command("show <kind>")
    .description("the authorities, accounts and projects of one kind; no secrets")
    .action(async (kind: string) => say.json(await openClient().get(trustPath(kind))));
  trust
    .command("put <kind>")
    .description(
      "say it as a whole for x509pop, k8s, aws, gcp or azure; who joined by it before joins anew in time",
    )
    .option("--roots <pem>", "of x509pop: who certifies our machines")
    .option(...FILE)
    .addHelpText("after", "\nExample:\n  countersign hosts trust put x509pop --roots company-ca.pem")
    .action(putTrust);
  trust
    .command("remove <kind>")
    .description("no machine joins by it any more; those that have joined stay until their time is over")
    .action(removeTrust);
}

const pathOf = (name: string): string => `/hosts/${encodeURIComponent(name)}`;

async function list(): Promise<void> {
  const items = await allOf<Host>("/hosts");
  if (items.length === 0)
    return say.line("No machines yet. Make a token: countersign join-token host <name>");
  const rows = items.map(({ name, type, status, expires, selectors }) => [
    name,
    type,
    status,
    new Date(expires).toISOString(),
    selectors.join(" "),
  ]);
  say.line(table([["NAME", "BY", "STATUS", "UNTIL", "IS"], ...rows]));
}

async function end(name: string, said: { ban?: true; again?: true }): Promise<void> {
  const { status } = await openClient().post<Host>(`${pathOf(name)}/end`, said);
  say.line(`${green("✓")} ${bold(visible(name))} is ${status}; what it attested is dead`);
}

interface Trust {
  type: string;
  definition: Record<string, unknown>;
}

const trustPath = (kind: string): string => `/attestation/machines/${encodeURIComponent(kind)}`;

async function listTrust(): Promise<void> {
  const { items } = await openClient().get<{ items: Trust[] }>("/attestation/machines");
  if (items.length === 0)
    return say.line("Machines join by tokens alone. Take more: countersign hosts trust put --help");
  const rows = items.map(({ type, definition }) => [type, few(limitsIn(definition))]);
  say.line(table([["KIND", "LIMITED TO"], ...rows]));
}

/** The members that say which of all that an authority vouches for are ours. */
const limitsIn = (definition: Trust["definition"]): string[] =>
  ["clusters", "accounts", "projects", "subscriptions"].flatMap((name) => {
    const said = definition[name];
    if (Array.isArray(said)) return said.map(String);
    return typeof said === "object" && said !== null ? Object.keys(said) : [];
  });

async function putTrust(kind: string, { file, roots }: { file?: string; roots?: string }): Promise<void> {
  const said = definitionOf(file, { roots: roots && read(roots).toString("utf8") });
  await openClient().put(trustPath(kind), { ...said, type: kind });
  say.line(`${green("✓")} machines join by ${bold(visible(kind))} as said`);
}

async function removeTrust(kind: string): Promise<void> {
  await openClient().delete(trustPath(kind));
  say.line(`${green("✓")} no machine joins by ${bold(visible(kind))} any more`);
}
