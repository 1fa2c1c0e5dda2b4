import type { Command } from "commander";
import { openClient } from "./client.ts";
import { bold, Misuse, say, visible } from "./say.ts";

interface Federation {
  agent: string;
  subject: string;
  audiences: string[];
}

/** `federation`: to which clouds, vaults and clusters an agent may show who it is. */
export function federationCommand(program: Command): void {
  program
    .command("federation <agent> [audience...]")
    .description("show to whom an agent may show an identity token; with audiences, allow exactly those")
    .option("--none", "allow none any more")
    .action(federation);
}

async function federation(
  agent: string,
  audiences: string[],
  { none = false }: { none?: boolean },
): Promise<void> {
  if (none && audiences.length > 0)
    throw new Misuse("Either audiences or --none.", "With neither, those allowed are shown.");
  const path = `/agents/${encodeURIComponent(agent)}/federation`;
  const client = openClient();
  const now =
    none || audiences.length > 0
      ? await client.put<Federation>(path, { audiences })
      : await client.get<Federation>(path);
  say.line(`${bold(visible(now.agent))} is ${visible(now.subject)}`);
  say.line(now.audiences.length === 0 ? "to nobody outside." : "to");
  for (const audience of now.audiences) say.line(`  ${visible(audience)}`);
}
