import { delegationTokenType, verifyDelegationToken } from "@countersign/proof/delegation-token";
import { type AccessTokenClaims, verifyAccessToken } from "@countersign/proof/token";
import { chainOf, type LivingChain, leafOf } from "../../delegation/index.ts";
import { Fault } from "../../lib/index.ts";
import type { Agent } from "../../registry/index.ts";
import { deadAmong } from "../../revocation/index.ts";
import type { BoundClient } from "../client.ts";
import { decideGrants } from "../decide-grants.ts";
import { keySetOf, type OauthDeps } from "../oauth-deps.ts";
import { authorizationDetailsOf, type Form, lifetimeOf, parameter, resourceOf } from "../parameters.ts";
import { heldAt, requireFitting } from "../requested.ts";
import { knownResource } from "../resource.ts";
import type { GrantHandler } from "./index.ts";

const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

/**
 * An agent turns a delegation into a token for one resource: for the person at its root, with the agent as
 * the actor. The chain is read from our own records, never from a token's claims.
 * @see RFC 8693 §2
 */
export const tokenExchange: GrantHandler = {
  grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
  parameters: [
    "subject_token",
    "subject_token_type",
    "actor_token",
    "actor_token_type",
    "requested_token_type",
    "resource",
    "authorization_details",
    "expires_in",
  ],
  async handle(deps, change, client, form) {
    const agent = agentOf(client);
    requireTypes(form);
    await requireOwnActorToken(deps, client, parameter(form, "actor_token"));
    const chain = await chainNamedBy(deps, agent, parameter(form, "subject_token"));
    const resource = await knownResource(deps, resourceOf(form) ?? parameter(form, "resource"));
    const grants = authorizationDetailsOf(form) ?? heldAt(leafOf(chain).grants, resource);
    requireFitting(grants, resource);
    const granted = await decideGrants(deps, change, { client, agent, chain, resource }, grants);
    return {
      audience: resource.location,
      granted,
      chain,
      lifetime: lifetimeOf(form),
      issuedTokenType: ACCESS_TOKEN,
    };
  },
};

function agentOf({ principal }: BoundClient): Agent {
  if (principal.kind === "agent") return principal.agent;
  throw new Fault("unauthorized-client", "Only agents can be delegated to.", {
    remedy: "Use an agent's credential.",
  });
}

function requireTypes(form: Form): void {
  const asked = form.requested_token_type ?? ACCESS_TOKEN;
  const fitting =
    parameter(form, "subject_token_type") === delegationTokenType &&
    parameter(form, "actor_token_type") === ACCESS_TOKEN &&
    asked === ACCESS_TOKEN;
  if (fitting) return;
  throw new Fault("invalid-request", "These token types are not exchanged here.", {
    remedy: `Send a subject token of type ${delegationTokenType} and an actor token of type ${ACCESS_TOKEN}.`,
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
): Promise<void> {
  const actor = refuseBad("actor_token", () =>
    verifyAccessToken(attackerToken, {
      issuer: deps.issuer,
      audience: deps.issuer,
      keys: keySetOf(deps.keys, "token"),
      now: deps.clock.now(),
    }),
  );
  if (!isOwn(actor, client) || (await deadAmong(deps, actor.rev)).length > 0) throw bad("actor_token");
}

const isOwn = (actor: AccessTokenClaims, { instance, jkt }: BoundClient): boolean =>
  actor.sub === instance.id &&
  actor.client_id === instance.id &&
  actor.cnf.jkt === jkt &&
  actor.act === undefined;

/** The ticket must name the agent that has authenticated, and the chain that it names must end in that agent. */
async function chainNamedBy(deps: OauthDeps, agent: Agent, attackerTicket: string): Promise<LivingChain> {
  const ticket = refuseBad("subject_token", () =>
    verifyDelegationToken(attackerTicket, {
      issuer: deps.issuer,
      actor: agent.name,
      keys: keySetOf(deps.keys, "delegation"),
      now: deps.clock.now(),
    }),
  );
  if ((await deadAmong(deps, [`jti:${ticket.jti}`])).length > 0) throw bad("subject_token");
  const chain = await livingChain(deps, ticket.edge);
  const same =
    leafOf(chain).to === agent.name && chain.task.id === ticket.task && chain.person === ticket.sub;
  if (!same) throw bad("subject_token");
  return chain;
}

/** A chain that has ended is a subject token that policy does not accept (RFC 8693 §2.2.2). */
async function livingChain(deps: OauthDeps, edge: string): Promise<LivingChain> {
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

function refuseBad<T>(name: string, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    throw bad(name, cause);
  }
}

const bad = (name: string, cause?: unknown): Fault =>
  new Fault("invalid-request", `The ${name} does not hold, or does not belong to this client.`, {
    remedy: "Send the ticket of a delegation to this agent, and this instance's own token for Countersign.",
    cause,
  });
