import { type AccessTokenClaims, signedJti, verifyAccessToken } from "@countersign/proof/token";
import {
  issueTxnToken,
  mostWorkloads,
  readTxnToken,
  type TxnTokenClaims,
} from "@countersign/proof/txn-token";
import { VerificationError } from "@countersign/proof/verification-error";
import { append } from "../audit/index.ts";
import { findTool } from "../catalog/index.ts";
import type { Change } from "../database/index.ts";
import { chainOf, requireChain } from "../delegation/index.ts";
import { Fault, type Id, inSeconds } from "../lib/index.ts";
import { defined, type Service } from "../registry/index.ts";
import { deadAmong, requireAlive } from "../revocation/index.ts";
import { aboutToken, attemptedOn } from "./about-token.ts";
import type { BoundClient } from "./client.ts";
import { transactionHandedOn, transactionIssued } from "./events-transactions.ts";
import { requireLiving } from "./living.ts";
import { keySetOf, type OauthDeps } from "./oauth-deps.ts";
import { released, releaseFor } from "./release.ts";
import { keysOfClient } from "./revocation-keys.ts";
import { signedBy } from "./signed-by.ts";
import { findToken, type IssuedToken } from "./store.ts";
import { openUse, requireOpenUse } from "./store-uses.ts";
import type { RequestDetails } from "./transaction-request.ts";

interface Asked {
  readonly service: Service;
  readonly attackerToken: string;
  /** Milliseconds. */
  readonly lifetime: number;
}

export interface SignedTransaction {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/**
 * Gives the service that serves a call the transaction token for it. The call must be on record and under way:
 * then it was decided, counted and, where a person had to approve it, approved; and one call is one transaction,
 * however often its token is asked for.
 * @throws Fault `invalid-request` for an access token that does not hold for this service, or no such call;
 *   `gone` when what it rests on has ended
 */
export async function beginTransaction(
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  asked: Asked & { readonly details: RequestDetails; readonly context: { req_ip?: string } },
): Promise<SignedTransaction> {
  const { service, details, context } = asked;
  const { token, claims } = await subjectOf(deps, asked);
  await requireLiving(deps, change, { token, service });
  requireAlive(change, [signedBy(asked.attackerToken)]);
  const chain = token.edge === undefined ? undefined : await chainOf(deps, token.edge);
  if (chain !== undefined) requireChain(change, chain);
  const use = { jti: token.jti, ...details, service: service.id };
  const action = await openUse(deps.database, use);
  if (action === undefined) throw notUnderWay(token);
  requireOpenUse(change, action);
  requireAlive(change, keysOfClient(client));
  const told = released(claims, await releaseFor(deps, token.audience));
  const transaction: TxnTokenClaims = {
    ...timesOf(deps, asked.lifetime, token.expires),
    iss: deps.issuer,
    aud: deps.trustDomain,
    txn: action,
    sub: claims.sub,
    scope: details.tool,
    req_wl: client.instance.id,
    ...(told.act === undefined ? {} : { act: told.act }),
    rev: [...new Set([...token.rev, ...keysOfClient(client)])],
    tctx: {
      ...contextOf(told),
      resource: token.audience,
      tool: details.tool,
      args_hash: details.argsHash,
      action,
      ...((await onlyReads(deps, details.tool)) ? {} : { side_effect: true }),
    },
    rctx: { ...context, ...circumstancesOf(told) },
  };
  const { jti, audience: resource } = token;
  const body = { txn: action, jti, tool: details.tool, resource, workload: client.instance.id };
  append(
    change,
    transactionIssued(deps, client.caller, aboutToken(token, chain), { ...body, expires: transaction.exp }),
  );
  return signed(deps, change, transaction);
}

/**
 * Gives a workload that received a transaction token its own, to go on with. Nothing changes but who may show it:
 * it ends no later, is for the same call, and names everybody that it came through, each once.
 * @throws Fault `invalid-request` for one that does not hold, or another call than it is for; `gone`
 */
export async function handTransactionOn(
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  asked: Asked & { readonly details: RequestDetails | undefined; readonly scope: string | undefined },
): Promise<SignedTransaction> {
  const claims = await livingTransaction(deps, change, asked.attackerToken);
  const { tctx, req_wl } = claims;
  const { details, scope } = asked;
  const same =
    (scope === undefined || scope === claims.scope) &&
    (details === undefined || (details.tool === tctx.tool && details.argsHash === tctx.args_hash));
  if (!same) throw refused(claims, "The transaction is for another call.");
  const came = req_wl.split(" ");
  if (came.length >= mostWorkloads)
    throw refused(claims, "The transaction has come through too many workloads.");
  // Receivers that only read remember each way that it came: whoever could stand in it twice could make more of them.
  if (came.some((workload) => ofService(workload) === ofService(client.instance.id)))
    throw refused(claims, "The transaction has come through this service already.");
  requireAlive(change, keysOfClient(client));
  const next: TxnTokenClaims = {
    ...claims,
    ...timesOf(deps, asked.lifetime, claims.exp * 1000),
    req_wl: [...came, client.instance.id].join(" "),
    rev: [...new Set([...claims.rev, ...keysOfClient(client)])],
  };
  const body = { txn: claims.txn, workload: client.instance.id, through: came, expires: next.exp };
  append(change, transactionHandedOn(deps, client.caller, aboutTransaction(claims), body));
  return signed(deps, change, next);
}

/**
 * A transaction token of this domain, alive, and held alive until the change commits.
 * @throws Fault `invalid-request`, `gone`
 */
export async function livingTransaction(
  deps: OauthDeps,
  change: Change,
  attackerToken: string,
): Promise<TxnTokenClaims> {
  const claims = refuseBad(() =>
    readTxnToken(attackerToken, {
      trustDomain: deps.trustDomain,
      issuer: deps.issuer,
      keys: keySetOf(deps.keys, "token"),
      now: deps.clock.now(),
    }),
  );
  const ends = [...claims.rev, signedBy(attackerToken)];
  const dead = await deadAmong(deps, ends);
  if (dead.length > 0) {
    throw new Fault("gone", "The transaction has ended.", {
      remedy: "Refuse what belongs to it.",
      members: { token_error: "invalid_token" },
      record: { txn: claims.txn, dead, about: aboutTransaction(claims) },
    });
  }
  requireAlive(change, ends);
  return claims;
}

/** The task is among what ends it, told or not. What its agent was registered under stands before the chain's own. */
export function aboutTransaction({ rev }: TxnTokenClaims): { task?: Id<"task"> } {
  const task = rev.findLast((key) => key.startsWith("task:"));
  return task === undefined ? {} : { task: task.slice("task:".length) as Id<"task"> };
}

/** The access token that came with the call: for a resource of this service, and whole. */
async function subjectOf(deps: OauthDeps, { service, attackerToken }: Asked) {
  const keys = keySetOf(deps.keys, "token");
  const jti = signedJti(attackerToken, keys);
  const token = jti === undefined ? undefined : await findToken(deps.database, jti);
  if (token === undefined || !service.resources.includes(token.audience)) throw notServed(token);
  const claims = refuseBad(() =>
    verifyAccessToken(attackerToken, {
      issuer: deps.issuer,
      audience: token.audience,
      keys,
      now: deps.clock.now(),
    }),
  );
  return { token, claims };
}

/** No transaction outlives what it is for. */
function timesOf(deps: OauthDeps, lifetime: number, end: number): { iat: number; exp: number } {
  const now = deps.clock.now();
  const [iat, exp] = [inSeconds(now), inSeconds(Math.min(now + lifetime, end))];
  if (exp > iat) return { iat, exp };
  throw new Fault("gone", "What this transaction would rest on is about to expire.", {
    remedy: "Refuse the call; its sender can ask for a new token.",
  });
}

/** Whoever is behind a server is told no more than the server itself. */
const contextOf = ({ task, purpose, decision, approval, chain_hash }: Partial<AccessTokenClaims>) =>
  defined({ task, purpose, decision, approval, chain_hash });

const circumstancesOf = ({ strength, instance, acr, auth_time }: Partial<AccessTokenClaims>) =>
  defined({ strength, instance, acr, auth_time });

/** What a tool that is not known does, nobody knows. */
async function onlyReads(deps: OauthDeps, identifier: string): Promise<boolean> {
  const labels = (await findTool(deps, identifier))?.labels ?? [];
  return labels.length > 0 && labels.every((label) => label === "read");
}

/** By a key that is not withdrawn when this commits, and which ends the transaction with itself. */
function signed(deps: OauthDeps, change: Change, transaction: TxnTokenClaims): SignedTransaction {
  const signer = deps.keys.signer("token");
  requireAlive(change, [`kid:${signer.kid}`]);
  const claims = { ...transaction, rev: [...new Set([...transaction.rev, `kid:${signer.kid}`])] };
  const token = refuseBad(() => issueTxnToken(claims, signer));
  return { token, expiresIn: claims.exp - claims.iat };
}

/** The copies of a service are one service. */
const ofService = (workload: string): string => workload.slice(0, workload.lastIndexOf("/"));

function refuseBad<T>(step: () => T): T {
  try {
    return step();
  } catch (cause) {
    if (!(cause instanceof VerificationError)) throw cause;
    throw new Fault("invalid-request", "The subject_token does not hold for this transaction.", {
      remedy: "Send the token that came with the call, while it lives.",
      cause,
    });
  }
}

const notServed = (token: IssuedToken | undefined): Fault =>
  new Fault("invalid-request", "The subject_token does not hold for this transaction.", {
    remedy: "Send the access token that came with a call of a resource of this service.",
    ...(token === undefined ? {} : { record: attemptedOn(token) }),
  });

const notUnderWay = (token: IssuedToken): Fault =>
  new Fault("invalid-request", "There is no such call on record that is under way.", {
    remedy: "Record the call before it runs, and ask while it runs, for exactly its tool and arguments.",
    record: attemptedOn(token),
  });

const refused = (claims: TxnTokenClaims, message: string): Fault =>
  new Fault("invalid-request", message, {
    remedy: "Refuse what belongs to it.",
    record: { txn: claims.txn, through: claims.req_wl, about: aboutTransaction(claims) },
  });
