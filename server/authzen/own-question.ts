import type { Grant } from "@countersign/proof/grant";
import { isJsonObject, type Json, type JsonObject } from "@countersign/proof/jcs";
import { findServer, findTool, type Server } from "../catalog/index.ts";
import { chainOf, type LivingChain, leafOf, plannedStep } from "../delegation/index.ts";
import { type Caller, Fault, type Strength } from "../lib/index.ts";
import type { Question } from "../policy/index.ts";
import {
  type Agent,
  aliveAgent,
  findInstance,
  findService,
  type Instance,
  isLive,
  onlyLiveInstance,
} from "../registry/index.ts";
import { seesAll } from "./asker.ts";
import type { AuthzenDeps } from "./authzen-deps.ts";
import type { Evaluation } from "./wire.ts";

/**
 * Questions about agents, in Countersign's own terms: may this agent call this tool with these arguments, on its
 * own authority or under a delegation. Nothing that the caller says of the agent counts: its record, its running
 * copy and its chain are the server's own.
 */

/** By whose authority a call would be made, and at what. */
export interface Acting {
  readonly caller: Caller;
  readonly instance: { readonly id: string; readonly strength: Strength };
  readonly agent: Agent;
  readonly chain?: LivingChain;
  readonly resource: { readonly location: string; readonly name: string };
}

/** The token service's own way to the question about a grant; `main` hands it in. */
export type CallQuestionOf = (on: Acting, grant: Grant) => Promise<Question>;

/** Why there is no question to decide; each is an answer. */
export type OwnReason = keyof typeof OWN_REASONS;
export const OWN_REASONS = {
  "not-yours-to-ask":
    "This is not a tool of a server that you may ask about, or not an agent you may ask about.",
  "resource-does-not-fit": "The resource is not the tool that the action names, nor its server.",
  "instance-unknown": "Which running copy of the agent would act is not known: name it in context.instance.",
  "delegation-does-not-hold": "The delegation is not the agent's, or is not in force.",
  "arguments-do-not-fit": "context.args is not an object.",
  "outside-the-plan":
    "The task has a plan, and this call is no step of it now, or its arguments were not said.",
  "no-authority": "No active agent of this name has any right at this server.",
} as const;

export interface OwnQuestion {
  readonly question: Question;
  /** Somebody must say yes each time, whatever policies say. */
  readonly needsPerson: boolean;
}

/** The method by which tools are called where the tool itself is the resource. */
export const TOOLS_CALL = "tools/call";

/** @returns the question, or why there is none */
export async function ownQuestion(
  deps: AuthzenDeps,
  caller: Caller,
  asked: Evaluation,
): Promise<OwnQuestion | OwnReason> {
  const target = await targetOf(deps, caller, asked);
  if (typeof target === "string") return target;
  const { args, delegation, instance: named } = said(asked);
  if (args === "wrong") return "arguments-do-not-fit";
  const agent = await activeAgent(deps, asked.subject.id);
  if (agent === undefined || !reaches(caller, agent, target.server)) return "no-authority";
  const instance = await actingCopy(deps, caller, agent, named);
  if (instance === undefined) return "instance-unknown";
  const chain = await chainFor(deps, agent, delegation);
  if (chain === "does-not-hold") return "delegation-does-not-hold";
  const grant = grantFor(target, args);
  if (chain !== undefined && !(await isPlanned(deps, chain, args, target))) return "outside-the-plan";
  const { resource, id: name } = target.server;
  const on: Acting = {
    caller,
    instance,
    agent,
    ...(chain === undefined ? {} : { chain }),
    resource: { location: resource, name },
  };
  return questionFor(deps, on, grant);
}

/** A grant for one such call; where it must be approved each time, only one that says so is covered. */
async function questionFor(deps: AuthzenDeps, on: Acting, grant: Grant): Promise<OwnQuestion> {
  const listed = (on.chain?.agents ?? [on.agent]).some(({ delegation }) =>
    delegation.needs_person.includes(grant.identifier),
  );
  const question = await deps.callQuestion(on, grant);
  if (question.authority.covered) return { question, needsPerson: listed };
  const approved = await deps.callQuestion(on, { ...grant, approval: "required" });
  if (approved.authority.covered) return { question: approved, needsPerson: true };
  return { question, needsPerson: listed };
}

interface Target {
  readonly server: Server;
  readonly tool: string;
}

/** What is not the caller's to ask about and what does not exist look the same to it. */
async function targetOf(
  deps: AuthzenDeps,
  caller: Caller,
  { subject, action, resource }: Evaluation,
): Promise<Target | OwnReason> {
  if (caller.kind === "agent" && subject.id !== caller.principal) return "not-yours-to-ask";
  const identifier = toolNamed(action.name, resource);
  const tool = await findTool(deps, identifier);
  const server = tool && (await findServer(deps, tool.server));
  if (server === undefined || !(await mayAskAbout(deps, caller, server))) return "not-yours-to-ask";
  const fits =
    (resource.type === "tool" && resource.id === identifier) ||
    (resource.type === "server" && resource.id === server.id);
  return fits ? { server, tool: identifier } : "resource-does-not-fit";
}

const toolNamed = (action: string, { type, id }: { type: string; id: string }): string =>
  action === TOOLS_CALL && type === "tool" ? id : action;

/** A service about what it serves, an agent about itself anywhere, who administers or audits about everything. */
export async function mayAskAbout(deps: AuthzenDeps, caller: Caller, { resource }: Server): Promise<boolean> {
  if (caller.kind === "agent" || seesAll(caller)) return true;
  if (caller.kind !== "service") return false;
  return (await findService(deps, caller.principal))?.resources.includes(resource) === true;
}

interface Said {
  /** Absent: any arguments at all. */
  readonly args: JsonObject | undefined | "wrong";
  readonly delegation: unknown;
  readonly instance: unknown;
}

function said({ context = {} }: Evaluation): Said {
  const member = (name: string): unknown => (Object.hasOwn(context, name) ? context[name] : undefined);
  const args = member("args") as Json | undefined;
  return {
    args: args === undefined || isJsonObject(args) ? args : "wrong",
    delegation: member("delegation"),
    instance: member("instance"),
  };
}

/** A service cannot find out which agents there are that have nothing to do with it. */
const reaches = (caller: Caller, { grants }: Agent, { resource }: Server): boolean =>
  caller.kind !== "service" || grants.some(({ locations }) => locations.includes(resource));

async function activeAgent(deps: AuthzenDeps, attackerName: string): Promise<Agent | undefined> {
  return orNothing(aliveAgent(deps, attackerName));
}

/** The agent's own living copy: the one that asks, the one that is named, or the only one there is. */
async function actingCopy(
  deps: AuthzenDeps,
  caller: Caller,
  { name }: Agent,
  attackerInstance: unknown,
): Promise<Instance | undefined> {
  const chosen = caller.kind === "agent" ? caller.instance : attackerInstance;
  if (chosen === undefined) return onlyLiveInstance(deps, { kind: "agent", principal: name });
  const found = typeof chosen === "string" ? await findInstance(deps, chosen) : undefined;
  const its = found?.kind === "agent" && found.principal === name && isLive(found, deps.clock.now());
  return its ? found : undefined;
}

async function chainFor(
  deps: AuthzenDeps,
  { name }: Agent,
  attackerEdge: unknown,
): Promise<LivingChain | undefined | "does-not-hold"> {
  if (attackerEdge === undefined) return undefined;
  if (typeof attackerEdge !== "string") return "does-not-hold";
  const chain = await orNothing(chainOf(deps, attackerEdge));
  return chain !== undefined && leafOf(chain).to === name ? chain : "does-not-hold";
}

/** Whether a call is a step of its task's plan now; a task without one has nothing to step out of. */
async function isPlanned(
  deps: AuthzenDeps,
  chain: LivingChain,
  args: JsonObject | undefined,
  { server, tool }: Target,
): Promise<boolean> {
  const { plan } = chain.task;
  if (plan === undefined) return true;
  if (args === undefined) return false;
  const type = "agent_tool" as const;
  const call = { type, location: server.resource, action: "tools/call", identifier: tool, args };
  return (await plannedStep(deps, chain.task, call)) !== undefined;
}

/** What is refused here is an answer to the one who asked; what this server fails at is not. */
async function orNothing<Found>(finding: Promise<Found>): Promise<Found | undefined> {
  try {
    return await finding;
  } catch (error) {
    if (error instanceof Fault && REFUSALS.has(error.code)) return undefined;
    throw error;
  }
}

const REFUSALS: ReadonlySet<string> = new Set(["not-found", "gone", "denied", "forbidden", "invalid"]);

/** One call: with these arguments and no others, or, where none are given, with any. */
function grantFor({ server, tool }: Target, args: JsonObject | undefined): Grant {
  const call = {
    type: "agent_tool" as const,
    locations: [server.resource],
    actions: ["tools/call"],
    identifier: tool,
    max_uses: 1,
  };
  if (args === undefined) return { ...call, open_args: true };
  const pinned = Object.entries(args).map(([name, value]) => [name, { op: "eq", value }] as const);
  return { ...call, args: Object.fromEntries(pinned) };
}
