import { sha256Base64url } from "@countersign/proof/digest";
import { describeGrant, type Grant, uncovered } from "@countersign/proof/grant";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { type AgentName, Fault, type Id, type PersonId, type PrincipalId } from "../lib/index.ts";
import type { Agent } from "../registry/index.ts";
import { type Delegation, MOST_DEPTH } from "./delegation.ts";
import { aboutTask, isAutonomous, requireActive, rootOf, type Task } from "./task.ts";

/** One delegation as part of a chain. */
export interface Link {
  readonly edge: Id<"edge">;
  readonly from: PrincipalId;
  readonly to: AgentName;
  readonly grants: readonly Grant[];
  /** 1 for the person's own, or the root agent's. */
  readonly depth: number;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/**
 * From the consent, or from the standing authority of an agent that started by itself, to the one who acts. Made
 * from the server's own records, never from a token's claims.
 */
export interface Chain {
  readonly task: Task;
  readonly person: PersonId;
  /** Hash of the consent at the root; none where no person asked. */
  readonly consent?: string;
  /** When she signed it, or the task was started, in milliseconds since the epoch. */
  readonly consentedAt: number;
  /** Root first, the one who acts last. */
  readonly links: readonly [Link, ...Link[]];
  /** base64url SHA-256 of the canonical JSON of the links. */
  readonly hash: string;
  /** Dead keys of what its links rest on besides each other. */
  readonly rests: readonly string[];
  /** The most links that it may have by what its task and its links say. */
  readonly maxDepth: number;
}

/** Whether an authority suffices, and what it lacks, described for people. */
export interface Coverage {
  readonly covered: boolean;
  readonly missing: string[];
}

/**
 * Joins recorded delegations, root first, to a chain, and lets only a living one pass.
 * @throws Fault `gone` when the task, an edge or its time has ended; `denied` when the edges do not join
 */
export function buildChain(task: Task, edges: readonly Delegation[], now: number): Chain {
  requireActive(task, now);
  const [root, ...rest] = edges.map((edge) => livingLink(task, edge, now));
  if (root === undefined || (task.consent === undefined) !== isAutonomous(task)) throw broken(task);
  requireJoined(task, edges);
  const links: Chain["links"] = [root, ...rest];
  const rests = [...new Set(edges.flatMap((edge) => edge.rests ?? []))];
  const consentedAt = edges[0]?.madeAt ?? 0;
  return {
    task,
    person: task.person,
    ...(task.consent === undefined ? {} : { consent: task.consent }),
    consentedAt,
    links,
    hash: chainHash(links),
    rests,
    maxDepth: Math.min(MOST_DEPTH, task.maxDepth, ...edges.map(({ maxDepth = MOST_DEPTH }) => maxDepth)),
  };
}

/** The name of a chain: whoever holds the same links computes the same. */
export const chainHash = (links: readonly Link[]): string =>
  sha256Base64url(canonicalize(links as unknown as Json));

/** The one who acts: the last link. */
export const leafOf = (chain: Chain): Link => chain.links[chain.links.length - 1] ?? chain.links[0];

/** The most links that a chain may have today: the shortest limit of its task, its links and these agents. */
export const mostLinks = (chain: Chain, agents: readonly Agent[]): number =>
  Math.min(chain.maxDepth, ...agents.map(({ delegation }) => delegation.max_depth));

/** The agents of a chain, the person's own first. */
export const agentsOf = (chain: Chain): AgentName[] => chain.links.map((link) => link.to);

/** When the chain ends: with its first link to end, or with its task. Milliseconds since the epoch. */
export const expiryOf = (chain: Chain): number =>
  Math.min(chain.task.deadline, ...chain.links.map((link) => link.expires));

/** What kills a chain when it is revoked: its task, any of its edges, or what one of them rests on. */
export const deadKeysOfChain = (chain: Chain): string[] => [
  `task:${chain.task.id}`,
  ...chain.links.map((link) => `edge:${link.edge}`),
  ...chain.rests,
];

/** Whether EVERY link of the chain covers each grant: a mistake in one link cannot widen authority. */
export function coveredBy(chain: Pick<Chain, "links">, grants: readonly Grant[]): Coverage {
  const beyond = new Set(chain.links.flatMap((link) => uncovered(link.grants, grants)));
  return coverage(grants.filter((grant) => beyond.has(grant)));
}

/** Whether each grant fits inside ONE of those held; never inside the union of two. */
export const coveredByGrants = (held: readonly Grant[], grants: readonly Grant[]): Coverage =>
  coverage(uncovered(held, grants));

const coverage = (missing: readonly Grant[]): Coverage => ({
  covered: missing.length === 0,
  missing: missing.map(describeGrant),
});

/** What the log may know of grants that were refused: a constraint on an argument can hold personal data. */
export const uncoveredIdentifiers = (grants: readonly Grant[], { missing }: Coverage): string[] =>
  grants.filter((grant) => missing.includes(describeGrant(grant))).map(({ identifier }) => identifier);

function livingLink(task: Task, edge: Delegation, now: number): Link {
  const about = { ...aboutTask(task), agent: edge.to };
  if (edge.endedAt !== undefined) {
    throw new Fault("gone", "A delegation in this chain has been ended.", {
      remedy: "Ask whoever delegated to you for a new one.",
      record: { about, edge: edge.id },
    });
  }
  if (now >= edge.expires) {
    throw new Fault("gone", "A delegation in this chain has expired.", {
      remedy: "Ask whoever delegated to you for a new one.",
      record: { about, edge: edge.id },
    });
  }
  const { id, from, to, grants, depth, expires } = edge;
  return { edge: id, from, to, grants, depth, expires };
}

/** Each edge hangs on the one before and is given by the agent that holds it; no agent appears twice. */
function requireJoined(task: Task, edges: readonly Delegation[]): void {
  const seen = new Set<AgentName>();
  for (const [index, edge] of edges.entries()) {
    const before = edges[index - 1];
    const from = before === undefined ? rootOf(task) : before.to;
    const joined = edge.task === task.id && edge.parent === before?.id && edge.from === from;
    if (!joined || edge.depth !== index + 1 || seen.has(edge.to)) throw broken(task);
    seen.add(edge.to);
  }
}

const broken = (task: Task): Fault =>
  new Fault("denied", "The delegations do not form a chain from where the task began.", {
    remedy: "Ask for a new delegation.",
    record: { about: aboutTask(task) },
  });
