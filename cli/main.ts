#!/usr/bin/env node
/** The command line. Each verb is a file, and `verbs.ts` says which there are. */
import { Command, CommanderError } from "commander";
import { Misuse, say, Trouble } from "./say.ts";
import { serveCommands } from "./serve.ts";

const program = new Command("countersign")
  .description("The identity control plane for AI agents: every action carries two signatures.")
  .version("0.1.0")
  .showHelpAfterError("(countersign --help tells what there is)")
  .exitOverride();

for (const add of await verbsFor(process.argv[2])) add(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  if (error instanceof Trouble) say.trouble(error);
  else if (!(error instanceof CommanderError)) say.trouble(unexpected(error));
}

/** A server stays: it starts without the verbs of those who only ask it something, and never loads them. */
async function verbsFor(word: string | undefined): Promise<readonly ((program: Command) => void)[]> {
  if (word === "up" || word === "serve") return [serveCommands];
  return (await import("./verbs.ts")).verbs;
}

/** 2 for a command line that says nothing, 1 for what was refused or failed. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return error instanceof Misuse ? 2 : 1;
}

/** A fault of this program: told in a line, and with its stack to whoever wants to report it. */
function unexpected(error: unknown): Trouble {
  if (process.env.COUNTERSIGN_DEBUG !== undefined) throw error;
  const message = error instanceof Error ? error.message : String(error);
  return new Trouble(
    `Something went wrong here: ${message}.`,
    "COUNTERSIGN_DEBUG=1 shows where; please report it.",
  );
}
