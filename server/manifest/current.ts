import {
  allBindingsOf,
  allEntriesOf,
  type Binding,
  declaredArtifacts,
  declaredPlatform,
  type Entry,
  type Platform,
} from "../attestation/index.ts";
import { findServer, findTool, type Server, type Tool } from "../catalog/index.ts";
import { Fault, system } from "../lib/index.ts";
import { declarableProvider, definitionOf, type IdentityProviderDefinition } from "../login/index.ts";
import { declarablePartner, type PartnerDefinition } from "../oauth/index.ts";
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
  Platform: Platform["definition"];
  PlatformRule: Pick<Binding, "claims">;
  IdentityProvider: IdentityProviderDefinition;
  Partner: PartnerDefinition;
  Policy: PolicyFile;
}

/**
 * What stands now for one declaration, or nothing.
 * @throws Fault `gone` for what was ended, and no declaration begins again
 */
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
    case "Platform":
      return declaredPlatform(deps, name);
    case "PlatformRule":
      return ruleNamed(deps, name);
    case "IdentityProvider":
      return providerNow(deps, name);
    case "Partner":
      return partnerNow(deps, name);
    case "Policy":
      return (await policiesNow(deps)).find((file) => file.name === name);
  }
}

async function entryNamed(deps: ManifestDeps, place: string): Promise<Entry | undefined> {
  const [principal = "", name] = place.split("/");
  const entries = await allEntriesOf(deps, { kind: "agent", principal });
  return entries.find((entry) => entry.name === name);
}

async function ruleNamed(deps: ManifestDeps, name: string): Promise<Pick<Binding, "claims"> | undefined> {
  const [agent = "", platform] = name.split("/");
  const found = (await allBindingsOf(deps, agent)).find((rule) => rule.platform === platform);
  return found && { claims: found.claims };
}

async function providerNow(
  deps: ManifestDeps,
  name: string,
): Promise<IdentityProviderDefinition | undefined> {
  const provider = await declarableProvider(deps, name);
  return provider && definitionOf(provider);
}

async function partnerNow(deps: ManifestDeps, name: string): Promise<PartnerDefinition | undefined> {
  const partner = await declarablePartner(deps, name);
  if (partner === undefined) return undefined;
  const { name: _, state: __, revision: ___, ...definition } = partner;
  return definition;
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
