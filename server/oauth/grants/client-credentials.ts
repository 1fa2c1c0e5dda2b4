import type { Grant } from "@countersign/proof/grant";
import { RELEASABLE } from "../../catalog/index.ts";
import type { Change } from "../../database/index.ts";
import { Fault } from "../../lib/index.ts";
import type { BoundClient } from "../client.ts";
import { decideGrants } from "../decide-grants.ts";
import type { Mandate } from "../mandate.ts";
import { mint } from "../mint.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { authorizationDetailsOf, type Form, lifetimeOf, resourceOf } from "../parameters.ts";
import { requireFitting } from "../requested.ts";
import { knownResource } from "../resource.ts";
import { refuseCounted, refuseWithinTask } from "../standing.ts";
import type { GrantHandler } from "./index.ts";

/**
 * A client acts for itself. Without a resource the token is for Countersign's own API and carries no grant;
 * for another resource an agent gets what its own ceiling covers and policy allows.
 * @see RFC 6749 §4.4
 */
export const clientCredentials: GrantHandler = {
  grantType: "client_credentials",
  async handle(deps, change, client, form) {
    const resource = resourceOf(form);
    const grants = authorizationDetailsOf(form);
    const mandate =
      resource === undefined || resource === deps.issuer
        ? forOurself(deps, form, grants)
        : await forResource(deps, change, client, form, { resource, grants });
    return mint(deps, change, client, mandate);
  },
};

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
  await refuseWithinTask(deps, client, resource.location);
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
  };
}
