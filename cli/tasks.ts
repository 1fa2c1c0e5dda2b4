import { type RenderOptions, renderTrace, type Trace } from "@countersign/proof/trace";
import type { Command } from "commander";
import { allOf } from "./all-of.ts";
import { openClient } from "./client.ts";
import { bold, faint, green, say, table, visible } from "./say.ts";

interface Traced {
  trace: Trace;
  names: Record<string, string>;
  log: { size?: number };
}

interface Edge {
  id: string;
  parent?: string;
  from: string;
  to: string;
  depth: number;
  expires: number;
  ended_at?: number;
}

/** `task`: one piece of work, who did what in it and by whose authority. */
export function taskCommands(program: Command): void {
  const task = program.command("task").description("a task: what was done in it, and by whose authority");
  task
    .command("trace <id>")
    .description("who asked, who delegated what to whom, every action, its rule, and by what right")
    .option("--json", "as JSON, for programs")
    .action(trace);
  task
    .command("show <id>")
    .description("everything the server knows of one")
    .action(async (id: string) => say.json(await openClient().get(pathOf(id))));
  task.command("tree <id>").description("its delegations, each under the one that it hangs on").action(tree);
  task
    .command("close <id>")
    .description("end it now, and with it all authority that was given for it, tokens included")
    .action(close);
}

const pathOf = (id: string): string => `/tasks/${encodeURIComponent(id)}`;

async function trace(id: string, { json = false }: { json?: boolean }): Promise<void> {
  const traced = await openClient().get<Traced>(`${pathOf(id)}/trace`);
  if (json) return say.json(traced);
  for (const line of renderTrace(traced.trace, { names: traced.names, ...terminal() })) say.line(line);
  const { size } = traced.log;
  if (size === undefined) return;
  say.line(faint(`The log holds ${size} events; countersign audit verify proves that none was changed.`));
}

/** In a file or a pipe each action stays on its one line, without colours. */
function terminal(): RenderOptions {
  if (process.stdout.isTTY !== true) return {};
  return { width: process.stdout.columns, colour: process.env.NO_COLOR === undefined };
}

async function tree(id: string): Promise<void> {
  const edges = inTree(await allOf<Edge>(`${pathOf(id)}/tree`));
  if (edges.length === 0) return say.line("Nothing has been delegated: the person has not consented yet.");
  const rows = edges.map((edge) => [
    `${"  ".repeat(edge.depth - 1)}${edge.to}`,
    edge.from,
    new Date(edge.ended_at ?? edge.expires).toISOString(),
    edge.ended_at === undefined ? "" : "ended",
    edge.id,
  ]);
  say.line(table([["AGENT", "FROM", "UNTIL", "", "ID"], ...rows]));
}

/** Each edge right below the one that it hangs on. */
function inTree(edges: readonly Edge[], parent?: string): Edge[] {
  const below = edges.filter((edge) => edge.parent === parent);
  return below.flatMap((edge) => [edge, ...inTree(edges, edge.id)]);
}

async function close(id: string): Promise<void> {
  const { state } = await openClient().post<{ state: string }>(`${pathOf(id)}/close`, {});
  say.line(`${green("✓")} ${bold(visible(id))} is ${visible(state)}`);
}
