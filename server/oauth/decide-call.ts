import type { Call } from "@countersign/proof/grant";
import { authorize, type FactsAtHand, reserve, spend } from "../approvals/index.ts";
import { busy, type Turn } from "../audit/index.ts";
import { findTool, type Tool } from "../catalog/index.ts";
import { type Change, Conflict } from "../database/index.ts";
import {
  type CountedFor,
  footing,
  headKeys,
  type LivingChain,
  type Remembered,
  type RememberedCall,
  type Remembering,
  reserveCall,
  type StepTaken,
  seenTask,
} from "../delegation/index.ts";
import { type Allow, type Caller, Fault, type Id } from "../lib/index.ts";
import { amountMoved, bindingSets, type PolicySet, policyKey } from "../policy/index.ts";
import { type Agent, aliveAgent } from "../registry/index.ts";
import { requireAlive } from "../revocation/index.ts";
import { needsPerson, refuseUnkept, requireApproved } from "./decide-grants.ts";
import { exactGrant } from "./exact-grant.ts";
import { requireUnexpired } from "./living.ts";
import type { Granted } from "./mandate.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { type CallQuestion, type Circumstances, questionOf } from "./question.ts";
import { readingOf } from "./remembered.ts";
import { knownResource } from "./resource.ts";
import type { IssuedToken } from "./store.ts";

/** A call that a token grants and every link of its chain permits. */
export interface GrantedCall {
  readonly token: IssuedToken;
  readonly call: Call;
  readonly chain: LivingChain | undefined;
  /** What the token says, with the decision by which it was issued. */
  readonly granted: Granted;
  /** Of this call alone, and of all attempts to decide about it. */
  readonly facts: FactsAtHand;
  /** The step of its task's plan that it is. */
  readonly step?: StepTaken | undefined;
}

/** A call that may happen, and what remains to be done about it in its change. */
export interface DecidedCall {
  /** With the approval that the call uses up, if it is one that a person approved. */
  readonly allow: Allow<"call">;
  readonly tool: Tool;
  /** Adds to the change that the call is remembered under this id: what it rests on must not have moved. */
  remember(id: Id<"action">): void;
}

/**
 * Decides about a call, with its real arguments and with what is remembered of those before it. Where it
 * rests on that, it takes its turn before it looks: whatever is remembered meanwhile has it decided again.
 * @param caller the service that is called
 * @throws Fault `denied` and `access-denied` with the reasons; `approval-required` when people have been asked
 */
export async function decideCall(
  deps: OauthDeps,
  change: Change,
  turn: Turn,
  caller: Caller,
  asked: GrantedCall,
): Promise<DecidedCall> {
  const tool = await pinnedTool(deps, asked);
  const on = await circumstancesOf(deps, caller, asked);
  const whose = whoseCall(asked, on.agent);
  const sets = await bindingSets(deps);
  const { decided, watched } = readingOf(sets, tool.identifier);
  await takeTurn(deps, turn, { whose, decided }, { ...asked, tool });
  requireUnexpired(deps, asked.token);
  const before = await footing(deps, whose, decided);
  const question = await questionAbout(deps, on, asked);
  const allow = await authorize<"call">({ ...deps, facts: asked.facts }, change, caller, question, {
    reservedBy: asked.token.jti,
    held: asked.granted.allow.approval,
  });
  requireOneOf(sets, allow);
  requireAlive(change, [policyKey(allow.activation)]);
  refuseUnkept(allow.obligations);
  return {
    allow: await withApproval(deps, change, on, asked, allow),
    tool,
    remember(id) {
      const made = { ...whose, id, at: question.now, call: rememberedCall(tool, asked.call) };
      reserveCall(change, made, { on: before, watched });
      deps.risk.used(change, { agent: on.agent.name, tool: tool.identifier });
    },
  };
}

/** How often facts may grow old in line before the caller is asked to come again. */
const MOST_TURNS = 3;

/**
 * Waits for its turn with all facts in hand: they are fetched out of line, for one slow source would keep
 * everybody waiting who calls for the same task or agent, and anew where they have grown old in line.
 * @throws Fault `busy`
 */
async function takeTurn(
  deps: OauthDeps,
  turn: Turn,
  { whose, decided }: { readonly whose: Remembering & CountedFor; readonly decided: readonly Remembered[] },
  { facts, tool, call, chain }: GrantedCall & { readonly tool: Tool },
): Promise<void> {
  const about = { tool, agentArgs: call.args ?? {}, task: chain && seenTask(chain.task) };
  for (let turns = 0; turns < MOST_TURNS; turns++) {
    await facts.prepare(deps, about, () => turn.leave());
    await turn.take(headKeys(whose, decided));
    if (facts.areFresh) return;
  }
  throw busy();
}

/** Nothing of a call is open: an argument that it does not have it does without. */
async function questionAbout(
  deps: OauthDeps,
  on: Circumstances,
  { call, granted, step }: GrantedCall,
): Promise<CallQuestion> {
  const { openArgs: _, task, ...question } = await questionOf(deps, on, exactGrant(granted.grant, call));
  return { ...question, ...inStep(task, step), args: call.args ?? {} };
}

/** The task as this call finds it: at a step of its plan. */
function inStep(task: CallQuestion["task"], taken: StepTaken | undefined): Pick<CallQuestion, "task"> {
  if (task === undefined) return {};
  if (task.plan === undefined || taken === undefined) return { task };
  return { task: { ...task, plan: { ...task.plan, step: taken.step } } };
}

/** @throws Fault `denied`: what has left the catalog since the token was issued is not called any more */
async function pinnedTool(deps: OauthDeps, { token, call }: GrantedCall): Promise<Tool> {
  const tool = await findTool(deps, call.identifier);
  if (tool !== undefined) return tool;
  throw new Fault("denied", "This tool is not in the catalog.", {
    remedy: "An administrator can pin its definition.",
    record: { jti: token.jti, tool: call.identifier },
  });
}

async function circumstancesOf(
  deps: OauthDeps,
  caller: Caller,
  { token, chain }: GrantedCall,
): Promise<Circumstances> {
  return {
    caller,
    instance: { id: token.instance, strength: token.strength },
    agent: chain?.agents.at(-1) ?? (await aliveAgent(deps, token.agent ?? "")),
    ...(chain === undefined ? {} : { chain }),
    resource: await knownResource(deps, token.audience),
  };
}

/** Whose history the call is part of, and in whose windows it counts. */
const whoseCall = ({ token, chain }: GrantedCall, agent: Agent): Remembering & CountedFor => ({
  ...(chain === undefined ? {} : { task: chain.task.id, person: chain.person }),
  agent: agent.name,
  instance: token.instance,
  resource: token.audience,
});

/** What its pinned definition says that its result holds counts as read before the result is there. */
function rememberedCall(tool: Tool, { args = {} }: Call): RememberedCall {
  const { amount } = amountMoved(tool.amount, args);
  return {
    tool: tool.identifier,
    data: tool.data ?? [],
    untrusted: tool.untrusted === true,
    ...(amount === undefined ? {} : { amount }),
  };
}

/** Policies that were activated in between may read what this decision does not rest on: it is made again. */
function requireOneOf(sets: readonly PolicySet[], { policyVersion, observed }: Allow<"call">): void {
  if (observed !== undefined || sets.some(({ version }) => version === policyVersion)) return;
  throw new Conflict("other policies decide now");
}

/**
 * A person's yes is for one call, and this is it: the approval that the token holds is used up, or one that
 * was given since. Where somebody must say yes each time, there must be one.
 */
async function withApproval(
  deps: OauthDeps,
  change: Change,
  on: Circumstances,
  { token, granted }: GrantedCall,
  allow: Allow<"call">,
): Promise<Allow<"call">> {
  const { jti, expires } = token;
  const held = granted.allow.approval;
  const approval = held ?? allow.approval;
  if (needsPerson(on, granted.grant)) requireApproved(granted.grant, approval);
  if (approval === undefined) return allow;
  if (held === undefined) reserve(deps, change, approval, { jti, expires });
  await spend(deps, change, on.caller, { approval, jti });
  return { ...allow, approval };
}
