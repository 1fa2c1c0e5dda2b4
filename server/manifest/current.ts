import { allEntriesOf, declaredArtifacts, type Entry } from "../attestation/index.ts";
import { findServer, findTool, type Server, type Tool } from "../catalog/index.ts";
import { Fault, system } from "../lib/index.ts";
import { getActivePolicies, type PolicyFile, shippedPolicies } from "../policy/index.ts";
import { type Agent, findAgent, findGroup, findTeam, type Group, type Team } from "../registry/index.ts";
import type { Desired } from "./desired.ts";
import type { ManifestDeps } from "./manifest-deps.ts";

/** What stands now where something is declared. */
export interface Current {
  Team: Team;
  Server: Server;
  Tool: Tool;
  Group: Group;
  Agent: Agent;
  Artifacts: object;
  Entry: Entry;
  Policy: PolicyFile;
}

/** What stands now for one declaration, or nothing. */
export async function currentOf(
  deps: ManifestDeps,
  { kind, declared: { name } }: Desired,
): Promise<Current[keyof Current] | undefined> {
  switch (kind) {
    case "Team":
      return findTeam(deps, name);
    case "Server":
      return findServer(deps, name);
    case "Tool":
      return findTool(deps, name);
    case "Group":
      return findGroup(deps, name);
    case "Agent":
      return findAgent(deps, name);
    case "Artifacts":
      return declaredArtifacts(deps, name);
    case "Entry":
      return entryNamed(deps, name);
    case "Policy":
      return (await policiesNow(deps)).find((file) => file.name === name);
  }
}

async function entryNamed(deps: ManifestDeps, place: string): Promise<Entry | undefined> {
  const [principal = "", name] = place.split("/");
  const entries = await allEntriesOf(deps, { kind: "agent", principal });
  return entries.find((entry) => entry.name === name);
}

/** The files that decide now, as the policy room's own endpoint tells them; before any do, those shipped. */
async function policiesNow(deps: ManifestDeps): Promise<readonly PolicyFile[]> {
  try {
    const { body } = await getActivePolicies.handle(deps, system, NOTHING);
    return (body as { policies: PolicyFile[] }).policies;
  } catch (error) {
    if (error instanceof Fault && error.code === "not-found") return shippedPolicies();
    throw error;
  }
}

/** That endpoint takes no input. */
const NOTHING = {} as never;
