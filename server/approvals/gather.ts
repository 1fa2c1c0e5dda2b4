import { findServer, findTool, type Server, type Tool } from "../catalog/index.ts";
import { COUNTED, historyFor, windowsFor } from "../delegation/index.ts";
import type { Id } from "../lib/index.ts";
import {
  amountMoved,
  type Circumstances,
  type ContextRead,
  isRead,
  type PolicySet,
  type Posture,
  type Question,
  readsOf,
  readTogether,
  type ToolFacts,
} from "../policy/index.ts";
import { findInstance, findTeam } from "../registry/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { gatherFacts } from "./gather-facts.ts";

/**
 * The question with what is true around it, found out by the server itself: nothing of it is the asker's word.
 * Only what some policy for this action reads is gathered, and what the catalog says of the tool; what is
 * absent afterwards is not known, and whoever decides takes that for the worst.
 * @param policies every set that will judge the question: the one that decides, and those beside it
 */
export async function gather(
  deps: ApprovalsDeps,
  question: Question,
  policies: readonly PolicySet[],
): Promise<Question> {
  const read = readByAny(question, policies);
  const [ofTool, history, windows, posture, risk] = await Promise.all([
    ofToolCalled(deps, question, read),
    isRead("history", read.members) ? historyOf(deps, question) : undefined,
    isRead("window", read.members) ? windowsOf(deps, question, read) : undefined,
    isRead("posture", read.members) ? postureOf(deps, question) : undefined,
    RISK.some((member) => isRead(member, read.members)) ? riskOf(deps, question) : undefined,
  ]);
  const { server, ...tool } = ofTool;
  const zone = isRead("local", read.members) ? await zoneOf(deps, question, server) : undefined;
  const circumstances: Circumstances = {
    ...tool,
    ...(history === undefined ? {} : { history }),
    ...(windows === undefined ? {} : { windows }),
    ...(posture === undefined ? {} : { posture }),
    ...(risk === undefined ? {} : { risk }),
    ...(zone === undefined ? {} : { zone }),
  };
  return { ...question, circumstances };
}

const RISK = ["risk", "risk_known", "anomalies"];

/** What the policies of any of the sets read about such a question. */
export function readByAny(
  { action, tool = "" }: Pick<Question, "action" | "tool">,
  policies: readonly PolicySet[],
): ContextRead {
  const name = action === "call" ? tool : action;
  return readTogether(policies.map((set) => readsOf(set, name)));
}

/** What the catalog says of the tool, and what is true of what the call is about. */
async function ofToolCalled(
  deps: ApprovalsDeps,
  question: Question,
  read: ContextRead,
): Promise<Pick<Circumstances, "tool" | "facts"> & { server?: Server }> {
  if (question.action !== "call" || question.tool === undefined) return {};
  const tool = await findTool(deps, question.tool);
  const server = tool && (await findServer(deps, tool.server));
  if (tool === undefined || server === undefined) return {};
  const facts = await gatherFacts(deps, question, { server, tool }, read.facts);
  return {
    server,
    tool: toolFacts(question, tool, server),
    ...(facts === undefined ? {} : { facts }),
  };
}

const toolFacts = ({ args }: Question, tool: Tool, { environment, region }: Server): ToolFacts => ({
  data: tool.data ?? [],
  untrusted: tool.untrusted ?? false,
  ...(environment === undefined ? {} : { environment }),
  ...(region === undefined ? {} : { region }),
  ...amountMoved(tool.amount, args),
});

/** Without a running copy nothing is remembered of anybody. */
async function historyOf(
  deps: ApprovalsDeps,
  { instance, task, tool, action }: Question,
): Promise<Circumstances["history"]> {
  if (instance === undefined) return undefined;
  const of = { instance, tool: tool ?? action };
  return historyFor(deps, task === undefined ? of : { ...of, task: task.id as Id<"task"> });
}

async function windowsOf(
  deps: ApprovalsDeps,
  { agent, instance, person, resource, now }: Question,
  { windows }: ContextRead,
): Promise<Circumstances["windows"]> {
  if (agent === undefined || instance === undefined) return undefined;
  const of = { agent: agent.name, instance, resource: resource.location };
  const wanted = COUNTED.filter(
    (whose) => windows === "any" || windows.some((name) => name.startsWith(`${whose}_`)),
  );
  return windowsFor(deps, person === undefined ? of : { ...of, person: person.id }, now, wanted);
}

/** Only the acting agent's own living copy proves anything about it. */
async function postureOf(deps: ApprovalsDeps, { agent, instance }: Question): Promise<Posture | undefined> {
  const found = instance === undefined ? undefined : await findInstance(deps, instance);
  if (agent === undefined || found === undefined) return undefined;
  if (found.kind !== "agent" || found.principal !== agent.name || found.status !== "active") return undefined;
  return { provenAt: found.enrolledAt, lastActive: agent.lastActive ?? agent.created };
}

async function riskOf(
  deps: ApprovalsDeps,
  { agent, instance, tool }: Question,
): Promise<Circumstances["risk"]> {
  if (agent === undefined || instance === undefined) return undefined;
  return deps.risk.of({ agent, instance, ...(tool === undefined ? {} : { tool }) });
}

/** Of the team that answers for the resource, else of the agent's. */
async function zoneOf(deps: ApprovalsDeps, { agent }: Question, server: Server | undefined): Promise<string> {
  for (const name of [server?.team, agent?.team]) {
    const team = name === undefined ? undefined : await findTeam(deps, name);
    if (team !== undefined) return team.zone;
  }
  return "UTC";
}
