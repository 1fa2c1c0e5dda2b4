import type { Grant } from "@countersign/proof/grant";
import type { Change } from "../../database/index.ts";
import { Fault } from "../../lib/index.ts";
import { deadAmong } from "../../revocation/index.ts";
import type { BoundClient } from "../client.ts";
import { decideGrants } from "../decide-grants.ts";
import type { Mandate } from "../mandate.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { authorizationDetailsOf, type Form, lifetimeOf, resourceOf } from "../parameters.ts";
import { requireFitting } from "../requested.ts";
import { knownResource } from "../resource.ts";
import { tasksServedAt } from "../store.ts";
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
    return resource === undefined || resource === deps.issuer
      ? forOurself(deps, form, grants)
      : forResource(deps, change, client, form, { resource, grants });
  },
};

function forOurself(deps: OauthDeps, form: Form, grants: Grant[] | undefined): Mandate {
  if (grants === undefined) return { audience: deps.issuer, granted: [], lifetime: lifetimeOf(form) };
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
  const circumstances = { client, agent: principal.agent, resource };
  const granted = await decideGrants(deps, change, circumstances, asked.grants);
  return { audience: resource.location, granted, lifetime: lifetimeOf(form) };
}

/** Whoever works on a task at a resource must not step around its limits with standing authority. */
async function refuseWithinTask(deps: OauthDeps, client: BoundClient, resource: string): Promise<void> {
  const served = await tasksServedAt(deps.database, client.instance.id, resource, deps.clock.now());
  const alive = await Promise.all(served.map(async (keys) => (await deadAmong(deps, keys)).length === 0));
  if (!alive.includes(true)) return;
  throw new Fault(
    "unauthorized-client",
    "Within a delegated task there is no standing authority for the same resource.",
    {
      remedy: "Exchange the task's delegation, or wait until its tokens have ended.",
      record: { about: { agent: client.instance.principal }, resource },
    },
  );
}
