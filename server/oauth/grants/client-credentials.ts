import type { Grant } from "@countersign/proof/grant";
import { RELEASABLE } from "../../catalog/index.ts";
import type { Change } from "../../database/index.ts";
import { Fault } from "../../lib/index.ts";
import type { BoundClient } from "../client.ts";
import { decideGrants } from "../decide-grants.ts";
import type { Mandate } from "../mandate.ts";
import { mint } from "../mint.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { asksForIdentity, authorizationDetailsOf, type Form, lifetimeOf, resourceOf } from "../parameters.ts";
import { requireFitting } from "../requested.ts";
import { knownResource } from "../resource.ts";
import { refuseCounted, standOutsideTask } from "../standing.ts";
import { federationToken } from "./federation-token.ts";
import type { GrantHandler } from "./index.ts";

/**
 * A client acts for itself. Without a resource the token is for Countersign's own API and carries no grant;
 * for another resource an agent gets what its own ceiling covers and policy allows.
 * @see RFC 6749 §4.4
 */
export const clientCredentials: GrantHandler = {
  grantType: "client_credentials",
  async handle(deps, change, client, form) {
    if (asksForIdentity(form)) return federationToken(deps, change, client, form);
    requireAccessToken(form);
    const resource = resourceOf(form);
    const grants = authorizationDetailsOf(form);
    const mandate =
      resource === undefined || resource === deps.issuer
        ? forOurself(deps, form, grants)
        : await forResource(deps, change, client, form, { resource, grants });
    return mint(deps, change, client, mandate);
  },
};

/** Another kind of token than the one that was asked for would be a surprise. */
function requireAccessToken({ requested_token_type: attackerType }: Form): void {
  if (attackerType === undefined || attackerType === ACCESS_TOKEN) return;
  throw new Fault("invalid-request", "Tokens of this type are not issued here.", {
    remedy: "Ask for an access token, or for an id_token with an audience.",
  });
}

const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

function forOurself(deps: OauthDeps, form: Form, grants: Grant[] | undefined): Mandate {
  if (grants === undefined)
    return { audience: deps.issuer, release: RELEASABLE, granted: [], lifetime: lifetimeOf(form) };
  throw new Fault("invalid-authorization-details", "A token for Countersign itself carries no grants.", {
    remedy: "Name the resource that the grants are for.",
  });
}

async function forResource(
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  form: Form,
  asked: { resource: string; grants: Grant[] | undefined },
): Promise<Mandate> {
  const { principal } = client;
  if (principal.kind !== "agent") {
    throw new Fault("unauthorized-client", "A service calls no tools on its own authority.", {
      remedy: "Ask for a token without a resource.",
    });
  }
  const resource = await knownResource(deps, asked.resource);
  const of = { agent: principal.agent, audience: resource.location };
  const standing = await standOutsideTask(deps, change, client, of);
  if (asked.grants === undefined) {
    throw new Fault("invalid-authorization-details", "Nothing is granted that is not asked for.", {
      remedy: "Name the grants that you need in authorization_details.",
    });
  }
  requireFitting(asked.grants, resource);
  refuseCounted(principal.agent, asked.grants);
  const { caller, instance } = client;
  const circumstances = { caller, instance, agent: principal.agent, resource };
  const granted = await decideGrants(deps, change, circumstances, asked.grants);
  return {
    audience: resource.location,
    release: resource.release,
    granted,
    lifetime: lifetimeOf(form),
    standing,
  };
}
