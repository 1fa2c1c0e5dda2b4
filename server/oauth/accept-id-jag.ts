import { sha256Base64url } from "@countersign/proof/digest";
import type { Grant } from "@countersign/proof/grant";
import { perform } from "../audit/index.ts";
import { beginBySignIn } from "../delegation/index.ts";
import { Fault, type Id } from "../lib/index.ts";
import {
  type IdentityProvider,
  issuerNamedIn,
  personBehind,
  providerBehind,
  providerKey,
  requireProvider,
  verifyProviderAssertion,
} from "../login/index.ts";
import { type Agent, grantsOfPerson, type Person } from "../registry/index.ts";
import type { BoundClient } from "./client.ts";
import { ID_JAG_TYP, type IdJag, idJagKey, readIdJag } from "./id-jag.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { authorizationDetailsOf, type Form, resourceOf } from "./parameters.ts";
import { heldAt, isCallAt, requireFitting } from "./requested.ts";
import { delegatedResource, type KnownResource } from "./resource.ts";
import { acceptedAssertion, insertAccepted } from "./store-assertions.ts";
import { within } from "./within.ts";

/** What an accepted assertion began. */
export interface Accepted {
  readonly edge: Id<"edge">;
  readonly task: Id<"task">;
  readonly resource: KnownResource;
}

/**
 * Takes the company's word that a person signed in and lets this agent act for her: a task, her consent of
 * the weaker kind and her delegation come of it, once, in a change of their own, so that they stand while a
 * person is asked to approve. It is good for one request: the same request that is decided again after a
 * conflict goes on with what it made, every other is refused.
 * @throws Fault `invalid-grant`, always in the same words, for an assertion that does not hold, is for
 *   somebody else or was used; `invalid-target`; `access-denied` when nothing is left to give; `unavailable`
 *   when the provider's keys cannot be had
 */
export async function acceptIdJag(
  deps: OauthDeps,
  client: BoundClient,
  agent: Agent,
  input: { readonly assertion: string; readonly form: Form },
): Promise<Accepted> {
  const { provider, jag } = await verified(deps, input.assertion);
  requireForClient(provider, jag, client, agent);
  const resource = await resourceWithin(deps, input.form, jag);
  const request = requestOf(client);
  return perform(deps, client.caller, "assertion.accept", async (change) => {
    const key = idJagKey(provider.name, jag);
    const known = await acceptedAssertion(deps.database, key);
    if (known !== undefined) {
      if (known.request !== request) throw notAccepted("it was used before");
      return { edge: known.edge, task: known.task, resource };
    }
    const person = await personBehind(deps, change, client.caller, provider, jag.person);
    if (person === undefined) throw notAccepted("nobody here is meant");
    requireProvider(change, provider);
    const grants = await grantsWithin(deps, { person, agent, resource, jag, form: input.form });
    const { task, edge } = await beginBySignIn(deps, change, client.caller, {
      person,
      agent,
      instance: client.instance.id,
      grants,
      signIn: {
        provider: provider.name,
        key: providerKey(provider),
        ...(jag.acr === undefined ? {} : { acr: jag.acr }),
        ...(jag.authTime === undefined ? {} : { authTime: jag.authTime }),
      },
      evidence: {
        issuer: provider.issuer,
        jti: jag.jti,
        assertion: sha256Base64url(input.assertion),
      },
    });
    insertAccepted(change, { key, request, task: task.id, edge: edge.id, expires: jag.expires });
    return { edge: edge.id, task: task.id, resource };
  });
}

/** What tells this request from every other: a proof in it that counts once; where it has none, that it came here. */
const requestOf = ({ dpop, once: [proof], asked }: BoundClient): string => (dpop ?? proof)?.key ?? asked;

async function verified(
  deps: OauthDeps,
  attackerAssertion: string,
): Promise<{ provider: IdentityProvider; jag: IdJag }> {
  const issuer = issuerNamedIn(attackerAssertion);
  const provider = issuer === undefined ? undefined : await providerBehind(deps, issuer);
  if (provider === undefined) throw notAccepted("nobody's word is taken that it names");
  try {
    const claims = await verifyProviderAssertion(deps.providerKeys, provider, attackerAssertion, ID_JAG_TYP);
    const expected = { issuer: provider.issuer, audience: deps.issuer, now: deps.clock.now() };
    return { provider, jag: readIdJag(claims, expected) };
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw notAccepted(cause);
  }
}

/** The client id must be one that the administrator gave to this very agent, and bound to no other key. */
function requireForClient(
  { clients }: IdentityProvider,
  { clientId, jkt }: IdJag,
  client: BoundClient,
  agent: Agent,
): void {
  const known = clients.find(({ client_id }) => client_id === clientId);
  if (known === undefined || known.agent !== agent.name) throw notAccepted("it is another client's");
  if (known.id_jag !== "allowed") throw notAccepted("no administrator allows it for this agent");
  if (jkt !== undefined && jkt !== client.binding.cnf.jkt) throw notAccepted("it is bound to another key");
}

/** The one resource: as asked, or as the assertion names it; never one beside those that it names. */
async function resourceWithin(deps: OauthDeps, form: Form, { resources }: IdJag): Promise<KnownResource> {
  const asked = resourceOf(form) ?? (resources?.length === 1 ? resources[0] : undefined);
  if (asked !== undefined && (resources === undefined || resources.includes(asked)))
    return delegatedResource(deps, asked);
  throw new Fault("invalid-target", "The assertion is not for this one resource.", {
    remedy: "Name one resource that the assertion names.",
  });
}

interface Limits {
  readonly person: Person;
  readonly agent: Agent;
  readonly resource: KnownResource;
  readonly jag: IdJag;
  readonly form: Form;
}

/** What is asked, of what the provider allows, of what she has, of what the agent may have. */
async function grantsWithin(
  deps: OauthDeps,
  { person, agent, resource, jag, form }: Limits,
): Promise<Grant[]> {
  const asked = authorizationDetailsOf(form);
  if (asked !== undefined) requireFitting(asked, resource);
  const limits = [await grantsOfPerson(deps, person), agent.grants, ...(jag.grants ? [jag.grants] : [])];
  const here = limits.map((grants) => callsAt(grants, resource));
  const left = within(here, asked, jag.scope);
  if (left.length > 0) {
    requireFitting(left, resource);
    return left;
  }
  throw new Fault(
    "access-denied",
    "Nothing is left that she has, the agent may have and the sign-in allows.",
    {
      remedy:
        "Ask for something else, or have an administrator look at her groups and at the agent's ceiling.",
      record: { about: { agent: agent.name, person: person.id }, resource: resource.location },
    },
  );
}

const callsAt = (grants: readonly Grant[], resource: KnownResource): Grant[] =>
  heldAt(
    grants.filter(({ actions }) => actions.includes("tools/call")),
    resource,
  )
    .map((grant) => ({ ...grant, actions: ["tools/call"] }))
    .filter((grant) => isCallAt(grant, resource));

const notAccepted = (cause: unknown): Fault =>
  new Fault("invalid-grant", "The assertion does not hold here, or is not for this client.", {
    remedy: "Ask your identity provider for a new one, for this server and this client.",
    ...(typeof cause === "string" ? { record: { why: cause } } : { record: { why: "it does not verify" } }),
    cause,
  });
