import { sha256Base64url } from "@countersign/proof/digest";
import type { Call, Grant } from "@countersign/proof/grant";
import { permits } from "@countersign/proof/grant";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { spend } from "../approvals/index.ts";
import { append, conceal, perform } from "../audit/index.ts";
import { findTool } from "../catalog/index.ts";
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
} from "../delegation/index.ts";
import { type Caller, Fault, type Id, newId } from "../lib/index.ts";
import { requireActiveService } from "../registry/index.ts";
import { deadAmong, requireAlive } from "../revocation/index.ts";
import { authorityOf } from "./authority.ts";
import { calledBody } from "./called.ts";
import { toolCalled, toolReturned } from "./events.ts";
import type { Granted } from "./mandate.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { type Served, tokenServedBy } from "./served.ts";
import type { IssuedToken } from "./store.ts";
import { addUse, countsOf, endUse, insertUse, openUse } from "./store-uses.ts";

/** A call under a token, as the service that serves it says. */
export interface ReportedCall {
  readonly jti: string;
  readonly tool: string;
  readonly args: Readonly<Record<string, Json>>;
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
 * A service asks, before it runs a call, whether it may: everything is judged anew from what is on record.
 * What is counted is counted and an approval is used up, in the change that records the call.
 * @throws Fault `not-found` for tokens that are not for a resource of this service; `gone` when the token,
 *   what it rests on or its uses have ended; `denied` when a grant or a link does not permit the call
 */
export function callTool(deps: OauthDeps, caller: Caller, call: ReportedCall): Promise<CountedCall> {
  return perform(deps, caller, "tool.call", async (change) => {
    const served = await tokenServedBy(deps, caller, call);
    const { token } = served;
    await requireLiving(deps, change, served);
    const attempt = callOf(token, call);
    const chain = await countedChain(deps, change, token, attempt);
    const counted = await countGrant(deps, change, token, attempt);
    const { approval } = counted.granted.allow;
    if (approval !== undefined) await spend(deps, change, caller, { approval, jti: token.jti });
    return record(deps, change, caller, { served, call, chain, counted });
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
    append(change, toolReturned(deps, caller, aboutOf(token), body));
    return { action };
  });
}

const callOf = (token: IssuedToken, { tool, args }: ReportedCall): Call => ({
  type: "agent_tool",
  location: token.audience,
  action: "tools/call",
  identifier: tool,
  args: { ...args },
});

async function requireLiving(deps: OauthDeps, change: Change, { token, service }: Served): Promise<void> {
  const dead = await deadAmong(deps, token.rev);
  if (dead.length > 0 || deps.clock.now() >= token.expires) {
    throw new Fault("gone", "The access token has ended.", {
      remedy: "Refuse the call; its sender can ask for a new token.",
      record: { about: aboutOf(token), jti: token.jti, dead },
    });
  }
  requireActiveService(change, service);
  requireAlive(change, token.rev);
}

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

interface CountedGrant {
  readonly granted: Granted;
  readonly use?: number;
  readonly of?: number;
}

/** The grant that lets the call pass: one without a count rather than one with. */
async function countGrant(
  deps: OauthDeps,
  change: Change,
  token: IssuedToken,
  call: Call,
): Promise<CountedGrant> {
  const fitting = [...token.granted.entries()].filter(([, { grant }]) => isGiven(grant, call));
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

/** How somebody has signed in is known to nobody here, so a grant that demands it by `acr` gives nothing. */
const isGiven = (grant: Grant, call: Call): boolean => grant.acr === undefined && permits(grant, call);

interface CalledTool {
  readonly served: Served;
  readonly call: ReportedCall;
  readonly chain: LivingChain | undefined;
  readonly counted: CountedGrant;
}

async function record(
  deps: OauthDeps,
  change: Change,
  caller: Caller,
  { served: { token, service }, call, chain, counted }: CalledTool,
): Promise<CountedCall> {
  const { jti, tool } = call;
  const action = newId(deps, "action");
  const args = conceal(deps, change, chain?.person ?? "installation", { ...call.args });
  const labels = (await findTool(deps, tool))?.labels ?? [];
  const authority = authorityOf(chain, [counted.granted.allow]);
  insertUse(change, {
    action,
    jti,
    tool,
    argsHash: hashOf(call),
    service: service.id,
    calledAt: deps.clock.now(),
  });
  if (chain !== undefined) {
    const { edge, to: agent } = leafOf(chain);
    const { instance } = token;
    recordAction(deps, change, {
      id: action,
      task: chain.task.id,
      edge,
      agent,
      instance,
      jti: token.jti,
      tool,
      labels,
      args,
      authority,
    });
  }
  const { granted, ...uses } = counted;
  const facts = { action, tool, labels, args, authority, service: service.id, ...uses };
  append(change, toolCalled(deps, caller, aboutOf(token, chain), calledBody(token, chain, granted, facts)));
  return { action, authority, ...uses };
}

const aboutOf = (token: IssuedToken, chain?: LivingChain) => ({
  ...(token.task === undefined ? {} : { task: token.task }),
  ...(token.agent === undefined ? {} : { agent: token.agent }),
  ...(chain === undefined ? {} : { person: chain.person }),
});

const hashOf = ({ args }: ReportedCall): string => sha256Base64url(canonicalize({ ...args }));

const notGranted = (token: IssuedToken): Fault =>
  new Fault("denied", "The access token does not grant this call.", {
    remedy: "Refuse the call; its sender can ask for a token that does.",
    record: { about: aboutOf(token), jti: token.jti },
  });

const usedUp = (token: IssuedToken): Fault =>
  new Fault("gone", "The access token has been used as often as it may be.", {
    remedy: "Refuse the call; its sender can ask for a new token.",
    record: { about: aboutOf(token), jti: token.jti },
  });

const notCalled = (): Fault =>
  new Fault("gone", "There is no such call that has not returned.", {
    remedy: "Record each call before it runs, and its return once.",
  });
