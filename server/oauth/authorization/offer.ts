import { covers, describeGrant, type Grant, meetAll, uncovered } from "@countersign/proof/grant";
import { findTool, type Label } from "../../catalog/index.ts";
import { type Agent, grantsOfPerson, type Person } from "../../registry/index.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { heldAt, isCallAt, MOST_GRANTS } from "../requested.ts";
import type { Resource } from "../resource.ts";

/** One tool, seen from all sides: what she has, what the agent may have, what it asks. Each as lines for people. */
export interface OfferedTool {
  readonly tool: string;
  readonly labels: readonly Label[];
  readonly yours: readonly string[];
  readonly agents: readonly string[];
  /** Nothing where the client did not say what it wants. */
  readonly asked: readonly string[] | undefined;
  /** Places in the offer, which she may leave or take away. */
  readonly given: readonly number[];
}

/** What a person can give an agent at a resource: the part that is hers, the agent's and the request's. */
export interface Offer {
  readonly grants: readonly Grant[];
  readonly tools: readonly OfferedTool[];
}

/**
 * The intersection: what she has to give, what the agent may have at most, and what is asked for. Each grant of
 * it is covered by one grant of each of them.
 */
export async function offerOf(
  deps: OauthDeps,
  of: { person: Person; agent: Agent; resource: Resource; asked: readonly Grant[] | undefined },
): Promise<Offer> {
  const callsOf = (grants: readonly Grant[]): Grant[] =>
    heldAt(grants, of.resource).filter(
      (grant) => grant.type === "agent_tool" && grant.actions.includes("tools/call"),
    );
  const yours = callsOf(await grantsOfPerson(deps, of.person));
  const agents = callsOf(of.agent.grants);
  const grants = givable(yours, agents, of.asked)
    .map(onlyCalls)
    .filter((grant) => isCallAt(grant, of.resource))
    .slice(0, MOST_GRANTS);
  const tools = await toolsIn(deps, { yours, agents, asked: of.asked, grants });
  return { grants, tools };
}

/** What is asked, as it is asked where all of it can be given; else the part of it that can. */
export function givable(
  yours: readonly Grant[],
  agents: readonly Grant[],
  asked: readonly Grant[] | undefined,
): Grant[] {
  const both = meetAll(yours, agents);
  if (asked === undefined) return both;
  const isWhole = (grant: Grant): boolean =>
    uncovered(yours, [grant]).length === 0 && uncovered(agents, [grant]).length === 0;
  const parts = asked.flatMap((grant) => (isWhole(grant) ? [grant] : meetAll(both, [grant])));
  return parts.filter((grant, place) => !parts.slice(0, place).some((earlier) => covers(earlier, grant)));
}

const onlyCalls = (grant: Grant): Grant => ({ ...grant, actions: ["tools/call"] });

interface Sides {
  readonly yours: readonly Grant[];
  readonly agents: readonly Grant[];
  readonly asked: readonly Grant[] | undefined;
  readonly grants: readonly Grant[];
}

/** The tools that it is about: those asked for, else those that both have. What she alone has is no client's business. */
function toolsIn(deps: OauthDeps, sides: Sides): Promise<OfferedTool[]> {
  const names = new Set((sides.asked ?? sides.grants).map(({ identifier }) => identifier));
  return Promise.all([...names].sort().map((tool) => toolSeen(deps, tool, sides)));
}

async function toolSeen(deps: OauthDeps, tool: string, sides: Sides): Promise<OfferedTool> {
  const linesOf = (grants: readonly Grant[]): string[] =>
    grants.filter(({ identifier }) => identifier === tool).map(describeGrant);
  const known = await findTool(deps, tool);
  return {
    tool,
    labels: known?.labels ?? [],
    yours: linesOf(sides.yours),
    agents: linesOf(sides.agents),
    asked: sides.asked === undefined ? undefined : linesOf(sides.asked),
    given: sides.grants.flatMap((grant, place) => (grant.identifier === tool ? [place] : [])),
  };
}
