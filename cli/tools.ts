import type { Command } from "commander";
import { allOf } from "./all-of.ts";
import { openClient } from "./client.ts";
import { AS_JSON } from "./definition.ts";
import { say, table } from "./say.ts";

interface Tool {
  identifier: string;
  labels: string[];
  digest: string;
}

/** `tools`: what agents can call, as it was pinned. Manifests define it. */
export function toolCommands(program: Command): void {
  const tools = program.command("tools").description("what agents can call, as it was pinned");
  tools
    .command("list", { isDefault: true })
    .description("list them")
    .option(...AS_JSON)
    .action(list);
  tools
    .command("show <server/tool>")
    .description("the pinned definition of one")
    .action(async (tool: string) => say.json(await openClient().get(pathOf(tool))));
}

function pathOf(tool: string): string {
  const [server = "", ...name] = tool.split("/");
  return `/servers/${encodeURIComponent(server)}/tools/${encodeURIComponent(name.join("/"))}`;
}

async function list({ json = false }: { json?: boolean }): Promise<void> {
  const items = await allOf<Tool>("/tools");
  if (json) return say.json(items);
  if (items.length === 0)
    return say.line("No tools yet. Declare one in a manifest: countersign apply -f agents.yaml");
  const rows = items.map(({ identifier, labels, digest }) => [identifier, labels.join(", "), digest]);
  say.line(table([["TOOL", "LABELS", "DIGEST"], ...rows]));
}
