import { allBindingsOf, allEntriesOf } from "../attestation/index.ts";
import { type Desired, type DesiredAs, ofKind } from "./desired.ts";
import type { DeclaredAs } from "./document.ts";
import type { ManifestDeps } from "./manifest-deps.ts";

/**
 * What stands for agents whose `identity` or `platforms` are said, and that nothing in the manifest says: each is
 * declared whole, and whoever takes something out of it means that what it let in is nobody any more.
 */
export async function gone(deps: ManifestDeps, all: readonly Desired[]): Promise<Desired[]> {
  const said = new Set(all.map(({ kind, declared }) => `${kind} ${declared.name}`));
  const agents = ofKind(all, "Agent").map(({ declared }) => declared as DeclaredAs<"Agent">);
  const standing = await Promise.all(agents.map((agent) => standingOf(deps, agent)));
  return standing.flat().filter(({ kind, declared }) => !said.has(`${kind} ${declared.name}`));
}

const standingOf = async (deps: ManifestDeps, agent: DeclaredAs<"Agent">): Promise<Desired[]> => [
  ...(agent.spec.identity === undefined ? [] : await entriesOf(deps, agent)),
  ...(agent.spec.platforms === undefined ? [] : await rulesOf(deps, agent)),
];

async function entriesOf(
  deps: ManifestDeps,
  { name: principal, line }: DeclaredAs<"Agent">,
): Promise<DesiredAs<"Entry">[]> {
  const entries = await allEntriesOf(deps, { kind: "agent", principal });
  return entries.map((spec) => ({
    kind: "Entry",
    declared: { kind: "Entry", name: `${principal}/${spec.name}`, line, spec },
    as: { place: { kind: "agent", principal, name: spec.name }, said: null },
  }));
}

async function rulesOf(
  deps: ManifestDeps,
  { name: agent, line }: DeclaredAs<"Agent">,
): Promise<DesiredAs<"PlatformRule">[]> {
  const rules = await allBindingsOf(deps, agent);
  return rules.map(({ platform, claims }) => ({
    kind: "PlatformRule",
    declared: { kind: "PlatformRule", name: `${agent}/${platform}`, line, spec: { claims } },
    as: { agent, platform, said: null },
  }));
}
