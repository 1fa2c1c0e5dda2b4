import type { Command } from "commander";
import { allOf } from "./all-of.ts";
import { openClient } from "./client.ts";
import { AS_JSON } from "./definition.ts";
import { bold, green, say, Trouble, table, visible } from "./say.ts";

interface Agent {
  name: string;
  class: string;
  environment: string;
  status: string;
  owner: string;
  [member: string]: unknown;
}

interface Copy {
  id: string;
  status: string;
  strength: string;
  expires: number;
}

/** `agents` and `join-token`: the registry's agents and their lives. */
export function agentCommands(program: Command): void {
  const agents = program.command("agents").description("the agents of this installation");
  agents
    .command("list", { isDefault: true })
    .description("list them")
    .option("--owner <person>", "whose they are")
    .option("--class <class>", "what they are for")
    .option("--status <state>", "such as active, dormant, unattested, suspended")
    .option("--environment <environment>", "where they run")
    .option("--criticality <criticality>", "how much hangs on them")
    .option("--orphaned", "only those whose owner has left")
    .action(list);
  agents
    .command("show <name>")
    .description("everything the registry knows of one")
    .action(async (name: string) => say.json(await openClient().get(pathOf(name))));
  agents
    .command("copies <name>")
    .description("its running copies, each ended with: countersign revoke instance <id>")
    .option(...AS_JSON)
    .action(copies);
  agents.command("hand-over <name> <person>").description("give it another owner").action(handOver);
  act(agents, "suspend", "end its tokens and its access now; it can be resumed");
  act(agents, "resume", "give a suspended agent its access again");
  act(agents, "decommission", "end it for good: identity, tokens and delegations");
  program
    .command("join-token <kind> <which>")
    .description(
      "a single-use token (10 minutes) with which one process enrols, or one machine joins: `agent <name>`, `service <id>`, `host <name>`",
    )
    .action(joinToken);
}

const pathOf = (name: string): string => `/agents/${encodeURIComponent(name)}`;

async function list({ orphaned, ...wanted }: Record<string, string | true>): Promise<void> {
  const query = new URLSearchParams({ ...(orphaned && { orphaned: "true" }), ...wanted });
  const items = await allOf<Agent>(`/agents?${query}`);
  if (items.length === 0 && query.size > 0) return say.line("No agent is like that.");
  if (items.length === 0)
    return say.line("No agents yet. Declare one in a manifest: countersign apply -f agents.yaml");
  const rows = items.map((agent) => [agent.name, agent.class, agent.environment, agent.status, agent.owner]);
  say.line(table([["NAME", "CLASS", "ENVIRONMENT", "STATUS", "OWNER"], ...rows]));
}

async function copies(name: string, { json = false }: { json?: boolean }): Promise<void> {
  const items = await allOf<Copy>(`${pathOf(name)}/instances`);
  if (json) return say.json(items);
  if (items.length === 0)
    return say.line(`Nothing runs as ${visible(name)} yet: countersign join-token agent ${visible(name)}`);
  const rows = items.map(({ id, status, strength, expires }) => [
    status,
    strength,
    `${new Date(expires).toISOString().slice(0, 16)}Z`,
    id,
  ]);
  say.line(table([["STATUS", "STRENGTH", "UNTIL", "ID"], ...rows]));
}

async function handOver(name: string, owner: string): Promise<void> {
  await openClient().post<Agent>(`${pathOf(name)}/owner`, { owner });
  say.line(`${green("✓")} ${bold(visible(owner))} answers for ${bold(visible(name))}`);
}

function act(agents: Command, verb: "suspend" | "resume" | "decommission", description: string): void {
  agents
    .command(`${verb} <name>`)
    .description(description)
    .action(async (name: string) => {
      const agent = await openClient().post<Agent>(`${pathOf(name)}/${verb}`);
      say.line(`${green("✓")} ${bold(visible(agent.name))} is ${agent.status}`);
    });
}

async function joinToken(kind: string, which: string): Promise<void> {
  if (kind !== "agent" && kind !== "service" && kind !== "host") {
    throw new Trouble(
      `${kind} is neither agent nor service nor host.`,
      "Say `agent <name>`, `service <id>` or `host <name>`.",
    );
  }
  const body = { [kind]: which };
  const { token } = await openClient().post<{ token: string }>("/join-tokens", body);
  say.line(token);
}
