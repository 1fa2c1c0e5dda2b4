import { type Change, Conflict } from "../../database/index.ts";
import { chainOf, endUnused, leafOf } from "../../delegation/index.ts";
import { Fault, isFailure } from "../../lib/index.ts";
import { type Accepted, acceptIdJag } from "../accept-id-jag.ts";
import { agentOf, type BoundClient } from "../client.ts";
import { isGrant } from "../clients/platform-jwt.ts";
import type { Mandate } from "../mandate.ts";
import { mint } from "../mint.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { lifetimeOf, parameter } from "../parameters.ts";
import { decideWithinTask } from "../within-task.ts";
import { clientCredentials } from "./client-credentials.ts";
import type { GrantHandler } from "./index.ts";

/**
 * An agent brings the company's word that a person signed in (ID-JAG). A delegation comes of it, and the
 * token is what an exchange of that delegation gives: the same chain, the same decisions. Where nothing is
 * given, the delegation ends; where a person is asked first, it stands.
 * Or a workload has brought its platform's word of who it is, and nothing else: then it acts for itself.
 * @see RFC 7523 §2.1, draft-ietf-oauth-identity-assertion-authz-grant §5
 */
export const jwtBearer: GrantHandler = {
  grantType: "urn:ietf:params:oauth:grant-type:jwt-bearer",
  async handle(deps, change, client, form) {
    if (client.caller.via === "platform-token" && isGrant({ form }))
      return clientCredentials.handle(deps, change, client, form);
    const agent = agentOf(client);
    const lifetime = lifetimeOf(form);
    const assertion = parameter(form, "assertion");
    const accepted = await acceptIdJag(deps, client, agent, { assertion, form });
    try {
      return await mint(deps, change, client, {
        ...(await mandateOf(deps, change, client, accepted)),
        lifetime,
      });
    } catch (error) {
      if (goesOn(error)) throw error;
      if (error instanceof Fault && error.code === "authorization-pending")
        throw whereToGoOn(error, accepted);
      await endUnused(deps, client.caller, accepted.task);
      throw error;
    }
  },
};

/** Decided again, or sent again, the same request goes on with what it began. */
const goesOn = (error: unknown): boolean =>
  error instanceof Conflict || (error instanceof Fault && isFailure(error.code));

async function mandateOf(
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  { edge, resource }: Accepted,
): Promise<Omit<Mandate, "lifetime">> {
  const agent = agentOf(client);
  const chain = await chainOf(deps, edge);
  const on = { agent, chain, resource };
  const { granted } = await decideWithinTask(deps, change, client, on, leafOf(chain).grants);
  return { audience: resource.location, release: resource.release, granted, chain };
}

/** The assertion is used up; what it began stands, and is asked about by its ticket. */
function whereToGoOn(fault: Fault, { edge, task }: Accepted): Fault {
  const pending = new Fault(fault.code, fault.message, {
    remedy: "Exchange the ticket of this delegation until a person has answered.",
    members: { ...fault.members, task, edge },
    record: fault.record,
    cause: fault,
  });
  pending.recordedAs = fault.recordedAs;
  return pending;
}
