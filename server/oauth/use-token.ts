import { sha256Base64url } from "@countersign/proof/digest";
import type { Call, Grant } from "@countersign/proof/grant";
import { permits } from "@countersign/proof/grant";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { satisfiesAcr } from "@countersign/proof/token";
import { FactsAtHand } from "../approvals/index.ts";
import { append, conceal, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import {
  type Authority,
  chainOf,
  countCall,
  finishAction,
  type LivingChain,
  leafOf,
  recordAction,
  requireChain,
  type StepTaken,
  takeStep,
} from "../delegation/index.ts";
import { type Caller, Fault, type Id, newId } from "../lib/index.ts";
import { aboutToken } from "./about-token.ts";
import { authorityOf } from "./authority.ts";
import { calledBody } from "./called.ts";
import { type DecidedCall, decideCall, type GrantedCall } from "./decide-call.ts";
import { toolCalled, toolReturned } from "./events.ts";
import { requireLiving } from "./living.ts";
import type { Granted } from "./mandate.ts";
import { signInClaims } from "./mint.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { burnProof, type OneTimeProof } from "./one-time-proof.ts";
import { type Served, tokenServedBy } from "./served.ts";
import type { IssuedToken } from "./store.ts";
import { addUse, countsOf, endUse, insertUse, openUse } from "./store-uses.ts";

/** A call under a token, as the service that serves it says. */
export interface ReportedCall {
  readonly jti: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, Json>>;
  /** The hash of what names the proof of possession that came with the call, among all for this token. */
  readonly proof?: string;
}

/** A call that may run now, and once. */
export interface CountedCall {
  readonly action: Id<"action">;
  readonly authority: Authority;
  /** Which use of the grant this is, and of how many, where it is counted. */
  readonly use?: number;
  readonly of?: number;
}

/**
 * A service asks, before it runs a call, whether it may: everything is judged anew from what is on record,
 * and policy is asked again, with the real arguments. What is counted is counted, an approval is used up, and
 * the call is remembered, in the change that records it.
 * @throws Fault `not-found` for tokens that are not for a resource of this service; `gone` when the token,
 *   what it rests on or its uses have ended, or its proof was used before; `denied` when a grant, a link or policy does not permit the call;
 *   `approval-required` when a person must say yes to it first, and has been asked
 */
export function callTool(deps: OauthDeps, caller: Caller, call: ReportedCall): Promise<CountedCall> {
  const facts = new FactsAtHand(deps.facts);
  return perform(deps, caller, "tool.call", async (change, turn) => {
    const served = await tokenServedBy(deps, caller, call);
    const { token } = served;
    await burnProof(deps, change, proofOf(token, call));
    await requireLiving(deps, change, served);
    const attempt = callOf(token, call);
    const chain = await countedChain(deps, change, token, attempt);
    const counted = await countGrant(deps, change, { token, chain }, attempt);
    const step = await stepOf(deps, change, caller, { token, call: attempt, chain });
    const asked = { token, call: attempt, chain, granted: counted.granted, facts, step };
    const decided = await decideCall(deps, change, turn, caller, asked);
    return record(deps, change, caller, { served, call, chain, counted, decided, step });
  });
}

/**
 * A service tells how a call ended: once for each call. It may tell so after the token has ended.
 * @throws Fault `gone` when there is no such call that has not returned
 */
export function returnTool(
  deps: OauthDeps,
  caller: Caller,
  call: ReportedCall & { readonly outcome: "returned" | "failed" },
): Promise<{ action: Id<"action"> }> {
  return perform(deps, caller, "tool.return", async (change) => {
    const { token, service } = await tokenServedBy(deps, caller, call);
    const { jti, tool, outcome } = call;
    const action = await openUse(deps.database, { jti, tool, argsHash: hashOf(call), service: service.id });
    if (action === undefined) throw notCalled();
    endUse(change, action, outcome, deps.clock.now());
    if (token.edge !== undefined) finishAction(deps, change, action, outcome);
    const body = { action, tool, jti, service: service.id, outcome };
    append(change, toolReturned(deps, caller, aboutToken(token), body));
    return { action };
  });
}

/**
 * A copy of a service knows which proofs it has seen, but not which ones the others have, and nothing after a
 * restart. It counts once as long as its token lives: after that it is worth nothing.
 */
const proofOf = ({ jti, expires }: IssuedToken, { proof }: ReportedCall): OneTimeProof | undefined =>
  proof === undefined
    ? undefined
    : {
        key: `use|${jti}|${proof}`,
        expires,
        refusal: "gone",
        members: { token_error: "invalid_dpop_proof" },
      };

const callOf = (token: IssuedToken, { tool, args }: ReportedCall): Call => ({
  type: "agent_tool",
  location: token.audience,
  action: "tools/call",
  identifier: tool,
  args: { ...args },
});

/** The chain of a delegated token, alive, each link permitting the call and counted where it counts. */
async function countedChain(
  deps: OauthDeps,
  change: Change,
  token: IssuedToken,
  call: Call,
): Promise<LivingChain | undefined> {
  if (token.edge === undefined) return undefined;
  const chain = await chainOf(deps, token.edge);
  await countCall(deps, change, chain, call);
  requireChain(change, chain);
  return chain;
}

/** The step of its task's plan that the call is, where there is a plan. */
const stepOf = async (
  deps: OauthDeps,
  change: Change,
  caller: Caller,
  { token: { jti, instance }, call, chain }: Pick<GrantedCall, "token" | "call" | "chain">,
): Promise<StepTaken | undefined> =>
  chain === undefined ? undefined : takeStep(deps, change, caller, { chain, call, jti, instance });

interface CountedGrant {
  readonly granted: Granted;
  readonly use?: number;
  readonly of?: number;
}

/** The grant that lets the call pass: one without a count rather than one with. */
async function countGrant(
  deps: OauthDeps,
  change: Change,
  { token, chain }: { token: IssuedToken; chain: LivingChain | undefined },
  call: Call,
): Promise<CountedGrant> {
  const fitting = [...token.granted.entries()].filter(([, { grant }]) => isGiven(chain, grant, call));
  if (fitting.length === 0) throw notGranted(token);
  const free = fitting.find(([, { grant }]) => grant.max_uses === undefined);
  if (free !== undefined) return { granted: free[1] };
  const counts = await countsOf(deps.database, token.jti);
  for (const [position, granted] of fitting) {
    const count = counts.find((each) => each.position === position);
    if (count === undefined || count.used >= count.most) continue;
    addUse(change, count);
    return { granted, use: count.used + 1, of: count.most };
  }
  throw usedUp(token);
}

/** A grant that demands how the person has proven herself gives nothing where she has not, or nobody has. */
const isGiven = (chain: LivingChain | undefined, grant: Grant, call: Call): boolean =>
  permits(grant, call) && (grant.acr === undefined || satisfiesAcr(acrOf(chain), grant.acr));

/** What stands in the token as `acr`. */
const acrOf = (chain: LivingChain | undefined): string | undefined => chain && signInClaims(chain).acr;

interface CalledTool {
  readonly served: Served;
  readonly call: ReportedCall;
  readonly chain: LivingChain | undefined;
  readonly counted: CountedGrant;
  readonly decided: DecidedCall;
  readonly step: StepTaken | undefined;
}

function record(
  deps: OauthDeps,
  change: Change,
  caller: Caller,
  { served: { token, service }, call, chain, counted, decided, step }: CalledTool,
): CountedCall {
  const { jti, tool } = call;
  const { allow } = decided;
  const action = newId(deps, "action");
  const args = conceal(deps, change, chain?.person ?? "installation", { ...call.args });
  const authority = authorityOf(chain, [allow]);
  const calledAt = deps.clock.now();
  insertUse(change, { action, jti, tool, argsHash: hashOf(call), service: service.id, calledAt });
  if (chain !== undefined) {
    const { edge, to: agent } = leafOf(chain);
    const { instance } = token;
    const whose = { id: action, task: chain.task.id, edge, agent, instance, jti: token.jti };
    recordAction(deps, change, { ...whose, tool, labels: decided.tool.labels, args, authority });
  }
  decided.remember(action);
  const { granted: _, ...uses } = counted;
  const plan = step === undefined ? {} : { plan_step: { ...step } };
  const facts = { action, args, authority, service: service.id, ...uses, ...plan };
  append(
    change,
    toolCalled(deps, caller, aboutToken(token, chain), calledBody(token, chain, decided, facts)),
  );
  return { action, authority, ...uses };
}

const hashOf = ({ args }: ReportedCall): string => sha256Base64url(canonicalize({ ...args }));

const notGranted = (token: IssuedToken): Fault =>
  new Fault("denied", "The access token does not grant this call.", {
    remedy: "Refuse the call; its sender can ask for a token that does.",
    record: { about: aboutToken(token), jti: token.jti },
  });

const usedUp = (token: IssuedToken): Fault =>
  new Fault("gone", "The access token has been used as often as it may be.", {
    remedy: "Refuse the call; its sender can ask for a new token.",
    record: { about: aboutToken(token), jti: token.jti },
  });

const notCalled = (): Fault =>
  new Fault("gone", "There is no such call that has not returned.", {
    remedy: "Record each call before it runs, and its return once.",
  });
