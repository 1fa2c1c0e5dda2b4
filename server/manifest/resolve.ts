import { type Grant, parseGrant } from "@countersign/proof/grant";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { refuseWeak } from "../attestation/index.ts";
import { type CatalogView, expandIn, pinnedNow, type Server, toolOf } from "../catalog/index.ts";
import { days, Fault, hours, isId, type PersonId } from "../lib/index.ts";
import { defined, findPerson, findPersonByEmail } from "../registry/index.ts";
import type { Desired } from "./desired.ts";
import type { Declared, DeclaredAs, GrantSaid } from "./document.ts";
import type { ManifestDeps } from "./manifest-deps.ts";
import { told } from "./told.ts";

/**
 * What declarations come to: people found by mail address or id, short forms written out against the catalog
 * as the same manifest makes it.
 * @throws Fault `invalid` naming line, kind and name
 */
export async function resolve(deps: ManifestDeps, declared: readonly Declared[]): Promise<Desired[]> {
  const catalog = catalogWith(pinnedNow(deps), declared);
  const desired: Desired[] = [];
  for (const each of declared) desired.push(await told(each, () => desiredOf(deps, catalog, each)));
  return desired;
}

async function desiredOf(deps: ManifestDeps, catalog: CatalogView, declared: Declared): Promise<Desired> {
  const { kind, name, spec } = declared;
  switch (kind) {
    case "Team":
      return { kind, declared, as: { name, lead: await personOf(deps, spec.lead), zone: spec.zone } };
    case "Server":
      return { kind, declared, as: { id: name, ...defined(spec) } };
    case "Tool":
      return { kind, declared, as: definitionOf(declared) };
    case "Group":
      return { kind, declared, as: { name, grants: await grantsOf(catalog, spec.grants) } };
    case "Agent":
      return { kind, declared, as: { name, update: await agentOf(deps, catalog, declared) } };
    case "Artifacts":
      return { kind, declared, as: { name, artifacts: defined(spec) } };
    case "Entry":
      return { kind, declared, as: entryOf(declared) };
    case "Platform":
    case "IdentityProvider":
    case "Partner":
      return { kind, declared, as: { name, definition: spec } } as Desired;
    case "PlatformRule":
      return { kind, declared, as: ruleOf(declared) };
    case "Policy":
      return { kind, declared, as: { name, ...defined(spec) } };
  }
}

async function agentOf(deps: ManifestDeps, catalog: CatalogView, { spec }: DeclaredAs<"Agent">) {
  const { team = null, region = null, version = null, model = null, deployment = null } = spec;
  const grants = await grantsOf(catalog, spec.grants);
  const said = spec.delegation ?? {};
  return {
    class: spec.class,
    purpose: spec.purpose,
    environment: spec.environment,
    owner: await personOf(deps, spec.owner),
    ...{ team, region, version, model, deployment, grants },
    expires: spec.expires === undefined ? null : Date.parse(spec.expires),
    client: spec.client ?? null,
    dormantAfter: silenceOf(spec["dormant-after"]),
    autonomy: spec.autonomy ?? null,
    sensitivity: spec.sensitivity ?? null,
    criticality: spec.criticality ?? null,
    triggers: spec.triggers ?? null,
    delegation: {
      max_depth: said["max-depth"] ?? 4,
      grants: said.grants === undefined ? grants : await grantsOf(catalog, said.grants),
      delegate_to: said["delegate-to"] ?? [],
      needs_person: said["needs-person"] ?? [],
      ...(said["max-children"] === undefined ? {} : { max_children: said["max-children"] }),
      ...(said["max-instances"] === undefined ? {} : { max_instances: said["max-instances"] }),
      ...(said.shared === undefined ? {} : { shared: said.shared }),
      ...(said.starters === undefined ? {} : { starters: said.starters }),
    },
  };
}

/** `12h` or `30d` in milliseconds. */
function silenceOf(said: string | undefined): number | null {
  if (said === undefined) return null;
  const count = Number(said.slice(0, -1));
  return said.endsWith("h") ? hours(count) : days(count);
}

/** What would let in too many is refused before anything is changed. */
function entryOf({ name, spec }: DeclaredAs<"Entry">) {
  refuseWeak(spec);
  const [principal = "", entry = ""] = name.split("/");
  return { place: { kind: "agent", principal, name: entry } as const, said: spec };
}

function ruleOf({ name, spec }: DeclaredAs<"PlatformRule">) {
  const [agent = "", platform = ""] = name.split("/");
  return { agent, platform, said: spec };
}

async function personOf(deps: ManifestDeps, ref: string): Promise<PersonId> {
  const person = isId(ref, "person") ? await findPerson(deps, ref) : await findPersonByEmail(deps, ref);
  if (person !== undefined) return person.id;
  throw new Fault("invalid", "The person it names is not registered here.", {
    remedy: "Register her first, and name her by mail address or id.",
  });
}

async function grantsOf(catalog: CatalogView, said: readonly GrantSaid[]): Promise<Grant[]> {
  const expanded = await Promise.all(said.map((each) => grantsSaid(catalog, each)));
  const once = new Map(expanded.flat().map((grant) => [canonicalize(grant as unknown as Json), grant]));
  return [...once.values()];
}

async function grantsSaid(catalog: CatalogView, said: GrantSaid): Promise<Grant[]> {
  if (typeof said === "string") return expandIn(catalog, said);
  try {
    return [parseGrant(said as Json)];
  } catch (problem) {
    throw new Fault("invalid", `This is not a grant: ${(problem as Error).message}.`, {
      remedy: "Compare it with the reference, or use the short form.",
    });
  }
}

const definitionOf = ({ name, spec }: DeclaredAs<"Tool">) => {
  const [server = "", tool = ""] = name.split("/");
  return { server, name: tool, ...spec };
};

/** The catalog as it will be: what the manifest declares stands beside, or in place of, what is pinned. */
function catalogWith(now: CatalogView, declared: readonly Declared[]): CatalogView {
  const servers = new Map<string, Server>();
  for (const { kind, name, spec } of declared)
    if (kind === "Server") servers.set(name, { id: name, ...defined(spec) });
  const tools = declared.filter((each) => each.kind === "Tool").map((each) => toolOf(definitionOf(each)));
  return {
    server: async (id) => servers.get(id) ?? (await now.server(id)),
    async tools(server) {
      const mine = tools.filter((tool) => tool.server === server);
      const names = new Set(mine.map(({ name }) => name));
      const pinned = (await now.tools(server)).filter(({ name }) => !names.has(name));
      return [...pinned, ...mine].sort((a, b) => (a.identifier < b.identifier ? -1 : 1));
    },
  };
}
