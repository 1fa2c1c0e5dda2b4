import { delegationTokenType } from "@countersign/proof/delegation-token";
import { leafOf } from "../../../delegation/index.ts";
import { agentOf } from "../../client.ts";
import { mint } from "../../mint.ts";
import { authorizationDetailsOf, lifetimeOf, parameter, resourceOf } from "../../parameters.ts";
import { requestedWithin } from "../../requested.ts";
import { delegatedResource } from "../../resource.ts";
import { decideWithinTask } from "../../within-task.ts";
import { type Exchange, requestedType } from "./exchange.ts";
import { chainOfTicket } from "./ticket.ts";
import { ACCESS_TOKEN } from "./token-types.ts";

/**
 * An agent turns a delegation into a token for one resource: for the person at its root, with the agent as
 * the actor. The chain is read from our own records, never from a token's claims.
 * @see RFC 8693 §2
 */
export const exchangeDelegation: Exchange = {
  takes: (form) => form.subject_token_type === delegationTokenType && requestedType(form) === ACCESS_TOKEN,
  async handle(deps, change, client, form) {
    const agent = agentOf(client);
    const chain = await chainOfTicket(deps, client, agent, form);
    const resource = await delegatedResource(deps, resourceOf(form) ?? parameter(form, "resource"));
    const grants = requestedWithin([leafOf(chain).grants], authorizationDetailsOf(form), resource);
    const given = await decideWithinTask(deps, change, client, { agent, chain, resource }, grants);
    return mint(deps, change, client, {
      audience: resource.location,
      release: resource.release,
      ...given,
      chain,
      lifetime: lifetimeOf(form),
      issuedTokenType: ACCESS_TOKEN,
    });
  },
};
