import type { Command } from "commander";
import { openClient } from "./client.ts";
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
}

const pathOf = (name: string): string => `/hosts/${encodeURIComponent(name)}`;

async function list(): Promise<void> {
  const { items } = await openClient().get<{ items: Host[] }>("/hosts?limit=200");
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
