import type { Command } from "commander";
import { allOf } from "./all-of.ts";
import { openClient } from "./client.ts";
import { AS_JSON, definitionOf, FILE } from "./definition.ts";
import { bold, faint, green, say, table, visible } from "./say.ts";

interface Runbook {
  name: string;
  description: string;
  steps: string[];
  digest: string;
  approved_by: string;
  approved_at: number;
}

interface Approve {
  file?: string;
  description?: string;
  step?: string[];
  replaces?: string;
}

/** `runbooks`: plans that were approved beforehand, with which tasks are opened. */
export function runbookCommands(program: Command): void {
  const runbooks = program
    .command("runbooks")
    .description("plans that were approved beforehand, for tasks to follow");
  runbooks
    .command("list", { isDefault: true })
    .description("list them")
    .option(...AS_JSON)
    .action(list);
  runbooks
    .command("show <name>")
    .description("its steps, who approved it and when")
    .action(async (name: string) => say.json(await openClient().get(pathOf(name))));
  runbooks
    .command("approve <name>")
    .description("approve one: a call outside its steps is refused in every task that follows it")
    .option("--description <words>", "what it is for")
    .option("--step <server/tool...>", "the tools that it takes, each as often as needed")
    .option("--replaces <digest>", "the digest of the one that has the name now, as `show` tells it")
    .option(...FILE)
    .action(approve);
}

const pathOf = (name: string): string => `/runbooks/${encodeURIComponent(name)}`;

async function list({ json = false }: { json?: boolean }): Promise<void> {
  const items = await allOf<Runbook>("/runbooks");
  if (json) return say.json(items);
  if (items.length === 0) return say.line("No runbooks yet: countersign runbooks approve --help");
  const rows = items.map(({ name, steps, approved_at, approved_by }) => [
    name,
    String(steps.length),
    new Date(approved_at).toISOString().slice(0, 10),
    approved_by,
  ]);
  say.line(table([["NAME", "STEPS", "APPROVED", "BY"], ...rows]));
}

async function approve(name: string, { file, step, description, replaces }: Approve): Promise<void> {
  const said = definitionOf(file, { description, steps: step });
  const body = { ...said, ...(replaces === undefined ? {} : { replaces }) };
  const { steps, digest } = await openClient().put<Runbook>(pathOf(name), body);
  say.line(`${green("✓")} ${bold(visible(name))} is approved: ${steps.map(visible).join(", ")}`);
  say.line(`  ${faint(visible(digest))}`);
}
