import { append, perform } from "../../audit/index.ts";
import { type Caller, Fault, type Id, newId, type PersonId } from "../../lib/index.ts";
import { alivePerson, nameOfPerson, requireActiveAgent, requireActivePerson } from "../../registry/index.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import type { Form } from "../parameters.ts";
import { insertAuthorization } from "../store-authorizations.ts";
import { ANSWER_WITHIN, type Authorization } from "./authorization.ts";
import { authorizationRequested } from "./events.ts";
import { type Offer, offerOf } from "./offer.ts";
import { type AuthorizationRequest, readAuthorizationRequest } from "./request.ts";

/** What a person is shown of a request, and her own record of it. */
export interface Begun {
  readonly authorization: Authorization;
  readonly request: AuthorizationRequest;
  readonly offer: Offer;
  /** The name of the person who answers for the agent. */
  readonly ownerName: string;
}

/**
 * A person looks at what an interactive client asks of her. What she could give is worked out now: it is hers
 * alone to go on with, in this session.
 * @param input.params the request as the client made it; it is read anew, whoever has read it before
 * @throws Fault `unauthenticated` without a session; what `readAuthorizationRequest` throws
 */
export async function beginAuthorization(
  deps: OauthDeps,
  caller: Caller,
  input: { params: Form },
): Promise<Begun> {
  const session = sessionOf(caller);
  const request = await readAuthorizationRequest(deps, input.params);
  return perform(deps, caller, "authorization.begin", async (change) => {
    const { client, resource, asked } = request;
    const person = await alivePerson(deps, caller.principal as PersonId);
    const offer = await offerOf(deps, { person, agent: client.agent, resource, asked });
    const authorization = authorizationFor(deps, request, { person: person.id, session, offer });
    requireActivePerson(change, person);
    requireActiveAgent(deps, change, client.agent);
    insertAuthorization(change, authorization);
    append(change, authorizationRequested(deps, caller, aboutOf(authorization), bodyOf(authorization)));
    const ownerName = await nameOfPerson(deps, client.agent.owner);
    return { authorization, request, offer, ownerName };
  });
}

/** @throws Fault `unauthenticated` */
export function sessionOf({ kind, session }: Caller): Id<"session"> {
  if (kind === "person" && session !== undefined) return session;
  throw new Fault("unauthenticated", "Sign in first.");
}

function authorizationFor(
  deps: OauthDeps,
  { client, to, codeChallenge, dpopJkt, resource, attackerPurpose }: AuthorizationRequest,
  { person, session, offer }: { person: PersonId; session: Id<"session">; offer: Offer },
): Authorization {
  const begun = deps.clock.now();
  return {
    id: newId(deps, "request"),
    person,
    session,
    agent: client.agent.name,
    clientId: client.clientId,
    redirectUri: to.redirectUri,
    ...(to.attackerState === undefined ? {} : { attackerState: to.attackerState }),
    codeChallenge,
    ...(dpopJkt === undefined ? {} : { dpopJkt }),
    resource: resource.location,
    ...(attackerPurpose === undefined ? {} : { attackerPurpose }),
    offered: offer.grants,
    begun,
    expires: begun + ANSWER_WITHIN,
  };
}

export const aboutOf = ({ agent, person, task }: Authorization) => ({
  agent,
  person,
  ...(task === undefined ? {} : { task }),
});

export const whatOf = ({ id, clientId, resource }: Authorization) => ({
  request: id,
  client: clientId,
  resource,
});

const bodyOf = (made: Authorization) => ({
  ...whatOf(made),
  redirect_uri: made.redirectUri,
  offered: made.offered.map(({ identifier }) => identifier),
});
