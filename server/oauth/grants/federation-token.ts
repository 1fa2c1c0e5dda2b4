import { authorize, reserve, spend } from "../../approvals/index.ts";
import { append } from "../../audit/index.ts";
import type { Change } from "../../database/index.ts";
import { type Allow, Fault, inSeconds, newId } from "../../lib/index.ts";
import { policyKey } from "../../policy/index.ts";
import { type Agent, endOf, requireActiveAgent } from "../../registry/index.ts";
import { requireAlive } from "../../revocation/index.ts";
import type { BoundClient } from "../client.ts";
import { refused, refuseUnkept } from "../decide-grants.ts";
import { identityIssued } from "../events.ts";
import { federatedSubject, isOurs } from "../federation.ts";
import { type IdentityTokenClaims, signIdentityToken } from "../identity-token.ts";
import type { TokenResponse } from "../mint.ts";
import type { OauthDeps } from "../oauth-deps.ts";
import { type Form, lifetimeOf, parameter } from "../parameters.ts";
import { revocationKeys } from "../revocation-keys.ts";
import { findFederation, requireFederation } from "../store-federation.ts";

const ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token";

/**
 * An agent asks who it is, for somebody else: an OpenID Connect ID token that a cloud, a vault or a cluster
 * takes for credentials of its own. Only for an audience that an administrator has named for this agent, and
 * only where policy lets it. It is a bearer token, as they all ask for one: short-lived, for one audience, and
 * good for nothing here.
 * @throws Fault `invalid-target` for an audience that was not named, `access-denied`, `authorization-pending`
 * @see RFC 8693 §2.1, OpenID Connect Core §2
 */
export async function federationToken(
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  form: Form,
): Promise<TokenResponse> {
  const agent = onlyAgent(client);
  const audience = audienceOf(form);
  const federation = await findFederation(deps.database, agent.name);
  const named = federation.audiences.includes(audience) && !(await isOurs(deps, audience));
  if (!named) throw notNamed(agent, audience);
  const allow = await authorized(deps, change, client, agent, audience);
  const signer = deps.keys.signer("federation");
  const claims = claimsOf(deps, client, agent, audience, form);
  requireFederation(change, federation);
  requireActiveAgent(deps, change, agent);
  const jti = claims.jti as `jti_${string}`;
  const rev = await revocationKeys(deps, jti, client, { granted: [] });
  requireAlive(change, [...rev, policyKey(allow.activation), `kid:${signer.kid}`]);
  await useApproval(deps, change, client, allow, jti);
  append(change, identityIssued(deps, client.caller, { agent: agent.name }, bodyOf(claims, client, allow)));
  return {
    access_token: signIdentityToken(claims, signer),
    // RFC 8693 §2.2.1: what is issued is no access token.
    token_type: "N_A",
    issued_token_type: ID_TOKEN,
    expires_in: claims.exp - claims.iat,
  };
}

function onlyAgent({ principal }: BoundClient): Agent {
  if (principal.kind === "agent") return principal.agent;
  throw new Fault("unauthorized-client", "Only agents are shown to others.", {
    remedy: "Ask as the agent whose identity it shall be.",
  });
}

/** Everything that an identity token has no place for is refused, not passed over. */
function audienceOf(form: Form): string {
  for (const name of ["resource", "authorization_details"]) {
    if (form[name] === undefined) continue;
    throw new Fault("invalid-request", `An identity token carries no ${name}.`, {
      remedy: "Name the audience alone.",
    });
  }
  return parameter(form, "audience");
}

async function authorized(
  deps: OauthDeps,
  change: Change,
  { caller, instance }: BoundClient,
  agent: Agent,
  audience: string,
): Promise<Allow<"lend">> {
  try {
    const allow = await authorize<"lend">(deps, change, caller, {
      action: "lend",
      agent,
      instance: instance.id,
      strength: instance.strength,
      authority: { covered: true, missing: [] },
      resource: { location: audience, name: audience },
      args: { audience },
      holder: instance.id,
      now: deps.clock.now(),
    });
    refuseUnkept(allow.obligations);
    return allow;
  } catch (fault) {
    throw await refused(deps, change, fault);
  }
}

/** A yes to this is for this: taken and used up at once. */
async function useApproval(
  deps: OauthDeps,
  change: Change,
  { caller }: BoundClient,
  { approval }: Allow<"lend">,
  jti: `jti_${string}`,
): Promise<void> {
  if (approval === undefined) return;
  reserve(deps, change, approval, { jti, expires: deps.clock.now() + 60_000 });
  await spend(deps, change, caller, { approval, jti });
}

/** No token outlives whoever it speaks of; whole seconds, rounded down. */
function claimsOf(
  deps: OauthDeps,
  { instance, binding }: BoundClient,
  agent: Agent,
  audience: string,
  form: Form,
): IdentityTokenClaims {
  const now = deps.clock.now();
  const others = [binding.expires ?? [], endOf(agent)].flat();
  const ends = Math.min(now + lifetimeOf(form), instance.expires, ...others);
  const [iat, exp] = [inSeconds(now), inSeconds(ends)];
  if (exp <= iat) {
    throw new Fault("gone", "What this token would speak of is about to expire.", { remedy: "Enrol anew." });
  }
  return {
    iss: deps.issuer,
    sub: federatedSubject(deps, agent.name),
    aud: audience,
    iat,
    nbf: iat,
    exp,
    jti: newId(deps, "jti"),
    agent: agent.name,
    agent_class: agent.class,
    environment: agent.environment,
    instance: instance.id,
  };
}

const bodyOf = (claims: IdentityTokenClaims, { instance }: BoundClient, allow: Allow<"lend">) => ({
  jti: claims.jti,
  audience: claims.aud,
  subject: claims.sub,
  client: instance.id,
  strength: instance.strength,
  expires: claims.exp * 1000,
  decision: allow.decision,
  verdict: allow.verdict,
  policies: [...allow.policies],
  policy_version: allow.policyVersion,
  receipts: [...allow.receipts],
  ...(allow.observed === undefined
    ? {}
    : { observed: { verdict: allow.observed.verdict, reasons: [...allow.observed.reasons] } }),
});

const notNamed = ({ name }: Agent, attackerAudience: string): Fault =>
  new Fault("invalid-target", "This agent may not show itself to this audience.", {
    remedy: "An administrator can name it: countersign federation <agent> <audience>…",
    record: { about: { agent: name }, audience: attackerAudience.slice(0, 255) },
  });
