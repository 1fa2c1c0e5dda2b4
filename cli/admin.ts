import type { Command } from "commander";
import { type Place, placed, placeOf } from "./place.ts";
import { say, yellow } from "./say.ts";
import { inTrouble } from "./serve.ts";

/** `admin`: for whoever holds the store itself, when nobody can administer the installation any more. */
export function adminCommands(program: Command): void {
  const admin = program.command("admin").description("for whoever holds the store, when nobody can act");
  placed(admin.command("link"))
    .description("a one-time link to an administrator, while the server on this folder is stopped")
    .option("--email <address>", "one who can act but has lost her passkey; else somebody new becomes one")
    .action(link);
}

async function link({ email, ...place }: Place & { email?: string }): Promise<void> {
  process.umask(0o077);
  const { administratorLink } = await import("@countersign/server");
  const { url } = await administratorLink(placeOf(place), { email }).catch(inTrouble);
  say.line("Open this once, within ten minutes, with the server running:");
  say.line(`\n  ${url}\n`);
  say.line(yellow("Whoever opens it administers this installation. An alarm in the log tells of it."));
}
