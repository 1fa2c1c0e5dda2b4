#!/usr/bin/env node
/** The command line. Each verb is a file; this one only says which there are. */
import { Command, CommanderError } from "commander";
import { accountCommands } from "./accounts.ts";
import { agentCommands } from "./agents.ts";
import { artifactCommands } from "./artifacts.ts";
import { auditCommands } from "./audit.ts";
import { demoCommand } from "./demo.ts";
import { federationCommand } from "./federation.ts";
import { gateCommand } from "./gate.ts";
import { hostCommand } from "./host.ts";
import { hostInspectCommand } from "./host-inspect.ts";
import { hostsCommands } from "./hosts.ts";
import { keyCommands } from "./keys.ts";
import { manifestCommands } from "./manifest.ts";
import { modelCommands } from "./model.ts";
import { modelsCommands } from "./models.ts";
import { peopleCommands } from "./people.ts";
import { policyCommands } from "./policy.ts";
import { revokeCommand } from "./revoke.ts";
import { Misuse, say, Trouble } from "./say.ts";
import { serveCommands } from "./serve.ts";
import { serviceCommands } from "./services.ts";
import { loginCommands } from "./session.ts";
import { taskCommands } from "./tasks.ts";
import { tokenCommands } from "./token.ts";
import { trustCommands } from "./trust.ts";

const program = new Command("countersign")
  .description("The identity control plane for AI agents: every action carries two signatures.")
  .version("0.1.0")
  .showHelpAfterError("(countersign --help tells what there is)")
  .exitOverride();

for (const add of [
  serveCommands,
  demoCommand,
  loginCommands,
  peopleCommands,
  agentCommands,
  hostCommand,
  hostsCommands,
  accountCommands,
  serviceCommands,
  manifestCommands,
  modelCommands,
  modelsCommands,
  artifactCommands,
  gateCommand,
  policyCommands,
  taskCommands,
  tokenCommands,
  revokeCommand,
  auditCommands,
  keyCommands,
  federationCommand,
  hostInspectCommand,
  trustCommands,
]) {
  add(program);
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  if (error instanceof Trouble) say.trouble(error);
  else if (!(error instanceof CommanderError)) say.trouble(unexpected(error));
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
