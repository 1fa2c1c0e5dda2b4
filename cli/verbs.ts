import type { Command } from "commander";
import { accountCommands } from "./accounts.ts";
import { adminCommands } from "./admin.ts";
import { agentCommands } from "./agents.ts";
import { artifactCommands } from "./artifacts.ts";
import { auditCommands } from "./audit.ts";
import { demoCommand } from "./demo.ts";
import { environmentCommands } from "./environments.ts";
import { federationCommand } from "./federation.ts";
import { gateCommand } from "./gate.ts";
import { hostCommand } from "./host.ts";
import { hostInspectCommand } from "./host-inspect.ts";
import { hostsCommands } from "./hosts.ts";
import { identityProviderCommands } from "./identity-providers.ts";
import { keyCommands } from "./keys.ts";
import { manifestCommands } from "./manifest.ts";
import { modelCommands } from "./model.ts";
import { modelsCommands } from "./models.ts";
import { partnerCommands } from "./partners.ts";
import { peopleCommands } from "./people.ts";
import { platformCommands } from "./platforms.ts";
import { policyCommands } from "./policy.ts";
import { revokeCommand } from "./revoke.ts";
import { runbookCommands } from "./runbooks.ts";
import { serveCommands } from "./serve.ts";
import { serviceCommands } from "./services.ts";
import { loginCommands } from "./session.ts";
import { taskCommands } from "./tasks.ts";
import { tokenCommands } from "./token.ts";
import { toolCommands } from "./tools.ts";
import { trustCommands } from "./trust.ts";

/** Every verb of the command line, in the order in which help tells of them. */
export const verbs: readonly ((program: Command) => void)[] = [
  serveCommands,
  demoCommand,
  loginCommands,
  adminCommands,
  peopleCommands,
  agentCommands,
  hostCommand,
  hostsCommands,
  platformCommands,
  accountCommands,
  serviceCommands,
  manifestCommands,
  toolCommands,
  modelCommands,
  modelsCommands,
  artifactCommands,
  environmentCommands,
  gateCommand,
  policyCommands,
  runbookCommands,
  taskCommands,
  tokenCommands,
  revokeCommand,
  auditCommands,
  keyCommands,
  identityProviderCommands,
  partnerCommands,
  federationCommand,
  hostInspectCommand,
  trustCommands,
];
