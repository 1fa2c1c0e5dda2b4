import type { Grant } from "@countersign/proof/grant";
import type { DatabaseDeps } from "../database/index.ts";
import { type Caller, Fault, type Strength } from "../lib/index.ts";
import {
  type Agent,
  endOf,
  findAgent,
  findInstance,
  findService,
  type Instance,
  isLive,
  type Standing,
  standingOf,
} from "../registry/index.ts";
import { serverOf } from "./find.ts";
import { NAMEABLE, type Releasable, releaseOf } from "./release.ts";

/** How an agent stands, as far as the one who asks may be told. Times in milliseconds since the epoch. */
export interface AgentStanding {
  readonly agent: string;
  readonly state: Standing;
  /** Whether it has access now. */
  readonly active: boolean;
  /** When it loses that by itself. */
  readonly expires?: number;
  /** Strength of its latest credential. */
  readonly strength?: Strength;
  /** The most that it may ever do, where the asker serves. */
  readonly capabilities: readonly Grant[];
  readonly constraints: {
    /** How many links a chain through it may have. */
    readonly max_depth: number;
    /** Of the tools among its capabilities: those for which a person says yes each time. */
    readonly needs_person: readonly string[];
  };
  readonly class?: string;
  readonly version?: string;
  readonly model?: string;
  readonly purpose?: string;
  readonly environment?: string;
  readonly region?: string;
  readonly owner?: string;
  /** The running copy that was asked about. */
  readonly instance?: InstanceStanding;
  /** The word under which changes of all this are told. */
  readonly watch?: string;
  /** When this was so. */
  readonly at: number;
}

interface InstanceStanding {
  readonly id: string;
  /** Whether it may speak now: what its agent may not, it may not either. */
  readonly active: boolean;
  readonly expires: number;
  readonly strength: Strength;
  readonly image_digest?: string;
  readonly model_digest?: string;
}

/** About which agent: by its name, or by the SPIFFE ID of a running copy. */
export type AskedAbout = { readonly attackerName: string } | { readonly attackerInstance: string };

/**
 * How an agent stands now. A service is told of agents that could ever call it, and of these what the release of
 * its resources allows, and nothing of what they may do elsewhere; people are told everything.
 * @throws Fault `not-found`, the same for what there is not and for what is not the asker's to know
 */
export async function agentStanding(
  deps: DatabaseDeps,
  caller: Caller,
  about: AskedAbout,
): Promise<AgentStanding> {
  const found = await foundBy(deps, about);
  const told = found && (await toldTo(deps, caller, found.agent));
  if (found === undefined || told === undefined) throw noSuchAgent();
  const { agent, instance } = found;
  const now = deps.clock.now();
  const state = standingOf(agent, now);
  const active = state === "active";
  const end = endOf(agent);
  return {
    agent: agent.name,
    state,
    active,
    ...(Number.isFinite(end) ? { expires: end } : {}),
    ...(agent.strength === undefined ? {} : { strength: agent.strength }),
    capabilities: told.grants,
    constraints: constraintsOf(agent, told.grants),
    ...factsOf(agent, told.release),
    ...(instance === undefined ? {} : { instance: copyOf(instance, active, told.release, now) }),
    ...(agent.watch === undefined ? {} : { watch: agent.watch }),
    at: now,
  };
}

interface Found {
  readonly agent: Agent;
  readonly instance?: Instance;
}

async function foundBy(deps: DatabaseDeps, about: AskedAbout): Promise<Found | undefined> {
  const instance = "attackerName" in about ? undefined : await findInstance(deps, about.attackerInstance);
  if (!("attackerName" in about) && instance?.kind !== "agent") return undefined;
  const name = "attackerName" in about ? about.attackerName : (instance?.principal ?? "");
  const agent = await findAgent(deps, name);
  return agent && { agent, ...(instance === undefined ? {} : { instance }) };
}

/** What of an agent's ceiling and facts the asker may be told; nothing where it is not to know of it at all. */
interface Told {
  readonly grants: readonly Grant[];
  readonly release: readonly Releasable[];
}

async function toldTo(deps: DatabaseDeps, caller: Caller, { grants }: Agent): Promise<Told | undefined> {
  if (caller.kind === "person" || caller.kind === "system") return { grants, release: NAMEABLE };
  const service = caller.kind === "service" ? await findService(deps, caller.principal) : undefined;
  const served = grantsAt(grants, service?.resources ?? []);
  if (served.length === 0) return undefined;
  const places = [...new Set(served.flatMap(({ locations }) => locations))];
  const releases = await Promise.all(places.map((place) => releaseAt(deps, place)));
  return { grants: served, release: NAMEABLE.filter((name) => releases.every((one) => one.includes(name))) };
}

/** The part of these grants that is good at these resources. */
export const grantsAt = (grants: readonly Grant[], resources: readonly string[]): Grant[] =>
  grants.flatMap((grant) => {
    const locations = grant.locations.filter((location) => resources.includes(location));
    return locations.length === 0 ? [] : [{ ...grant, locations }];
  });

/** What the catalog does not know is told nothing that can be withheld, as in tokens. */
async function releaseAt(deps: DatabaseDeps, resource: string): Promise<readonly Releasable[]> {
  const server = await serverOf(deps, resource);
  return server === undefined ? [] : releaseOf(server);
}

function constraintsOf({ delegation }: Agent, grants: readonly Grant[]): AgentStanding["constraints"] {
  const tools = new Set(grants.map(({ identifier }) => identifier));
  const { max_depth, needs_person } = delegation;
  return { max_depth, needs_person: needs_person.filter((tool) => tools.has(tool)) };
}

/** Members of a record, by the names under which they are released. */
const FACTS = {
  agent_class: "class",
  agent_version: "version",
  model: "model",
  purpose: "purpose",
  environment: "environment",
  region: "region",
  owner: "owner",
} as const;

function factsOf(agent: Agent, release: readonly Releasable[]): Partial<AgentStanding> {
  const told = Object.entries(FACTS).filter(([name]) => release.includes(name as Releasable));
  const facts = told.map(([, member]) => [member, agent[member]] as const);
  return Object.fromEntries(facts.filter(([, value]) => value !== undefined));
}

function copyOf(
  instance: Instance,
  agentIsActive: boolean,
  release: readonly Releasable[],
  now: number,
): InstanceStanding {
  const { id, expires, strength, image, model } = instance;
  return {
    id,
    active: agentIsActive && isLive(instance, now),
    expires,
    strength,
    ...(image !== undefined && release.includes("image_digest") ? { image_digest: image } : {}),
    ...(model !== undefined && release.includes("model_digest") ? { model_digest: model } : {}),
  };
}

const noSuchAgent = (): Fault =>
  new Fault("not-found", "There is no such agent, or it has nothing to do with you.", {
    remedy: "A service is told of agents that may call one of its resources.",
  });
