import { type DelegationTokenClaims, readDelegationToken } from "@countersign/proof/delegation-token";
import { type AccessTokenClaims, verifyAccessToken } from "@countersign/proof/token";
import { chainOf, type LivingChain, leafOf, subjectOf } from "../../../delegation/index.ts";
import { Fault } from "../../../lib/index.ts";
import type { Agent } from "../../../registry/index.ts";
import { deadAmong } from "../../../revocation/index.ts";
import { type BoundClient, isBoundTo } from "../../client.ts";
import { keySetOf, type OauthDeps } from "../../oauth-deps.ts";
import { type Form, parameter } from "../../parameters.ts";
import { signedBy } from "../../signed-by.ts";
import { ACCESS_TOKEN } from "./token-types.ts";

/**
 * The chain that a request's ticket refers to: the ticket is to this agent, the actor token is this client's
 * own, and the two belong together. The chain is read from our own records, never from a token's claims.
 * @throws Fault `invalid-request`
 */
export async function chainOfTicket(
  deps: OauthDeps,
  client: BoundClient,
  agent: Agent,
  form: Form,
): Promise<LivingChain> {
  requireActorType(form);
  const ticket = ticketOf(deps, parameter(form, "subject_token"));
  await requireOwnActorToken(deps, client, parameter(form, "actor_token"), ticket);
  return chainNamedBy(deps, agent, ticket);
}

function requireActorType(form: Form): void {
  if (parameter(form, "actor_token_type") === ACCESS_TOKEN) return;
  throw new Fault("invalid-request", "This type of actor token is not taken here.", {
    remedy: `Send this instance's own token, of type ${ACCESS_TOKEN}.`,
  });
}

/**
 * The actor token must be this very client's own, for Countersign, bound to the key of this request: a token
 * that somebody else holds, or one that is itself delegated, proves no actor.
 */
async function requireOwnActorToken(
  deps: OauthDeps,
  client: BoundClient,
  attackerToken: string,
  ticket: DelegationTokenClaims,
): Promise<void> {
  const actor = refuseBad(ticket, "actor_token", () =>
    verifyAccessToken(attackerToken, {
      issuer: deps.issuer,
      audience: deps.issuer,
      keys: keySetOf(deps.keys, "token"),
      now: deps.clock.now(),
    }),
  );
  if (!isOwn(actor, client) || (await deadAmong(deps, [...actor.rev, signedBy(attackerToken)])).length > 0)
    throw bad(ticket, "actor_token");
}

const isOwn = (actor: AccessTokenClaims, { instance, binding }: BoundClient): boolean =>
  actor.sub === instance.id &&
  actor.client_id === instance.id &&
  isBoundTo(actor.cnf, binding.cnf) &&
  actor.act === undefined;

/** A ticket of ours. Whose it is, and what has become of what it names, is judged below. */
function ticketOf(deps: OauthDeps, attackerTicket: string): DelegationTokenClaims {
  const expected = { issuer: deps.issuer, keys: keySetOf(deps.keys, "delegation"), now: deps.clock.now() };
  return refuseBad(undefined, "subject_token", () => readDelegationToken(attackerTicket, expected));
}

/** The ticket must name the agent that has authenticated, and the chain that it names must end in that agent. */
async function chainNamedBy(
  deps: OauthDeps,
  agent: Agent,
  ticket: DelegationTokenClaims,
): Promise<LivingChain> {
  if (ticket.may_act.sub !== agent.name) throw bad(ticket, "subject_token");
  if ((await deadAmong(deps, [`jti:${ticket.jti}`])).length > 0) throw bad(ticket, "subject_token");
  const chain = await livingChain(deps, ticket.edge);
  const same =
    leafOf(chain).to === agent.name && chain.task.id === ticket.task && subjectOf(deps, chain) === ticket.sub;
  if (!same) throw bad(ticket, "subject_token");
  return chain;
}

/** A chain that has ended is a subject token that policy does not accept (RFC 8693 §2.2.2). */
export async function livingChain(deps: OauthDeps, edge: string): Promise<LivingChain> {
  try {
    return await chainOf(deps, edge);
  } catch (fault) {
    if (!(fault instanceof Fault) || !(fault.code === "forbidden" || fault.code === "not-found")) throw fault;
    throw new Fault("invalid-request", fault.message, {
      ...(fault.remedy === undefined ? {} : { remedy: fault.remedy }),
      record: fault.record,
      cause: fault,
    });
  }
}

function refuseBad<T>(ticket: DelegationTokenClaims | undefined, name: string, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    throw bad(ticket, name, cause);
  }
}

/** @param ticket whose task the attempt is recorded with, where a ticket of ours named one */
const bad = (ticket: DelegationTokenClaims | undefined, name: string, cause?: unknown): Fault =>
  new Fault("invalid-request", `The ${name} does not hold, or does not belong to this client.`, {
    remedy: "Send the ticket of a delegation to this agent, and this instance's own token for Countersign.",
    ...(ticket === undefined ? {} : { record: { about: { task: ticket.task }, edge: ticket.edge } }),
    cause,
  });
