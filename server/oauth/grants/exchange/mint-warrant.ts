import { delegationTokenType } from "@countersign/proof/delegation-token";
import { type HolderJwk, mintWarrant, readLink, type WarrantClaims } from "@countersign/proof/warrant";
import { append } from "../../../audit/index.ts";
import type { Change } from "../../../database/index.ts";
import {
  agentsOf,
  type LivingChain,
  leafOf,
  MOST_DEPTH,
  mostLinks,
  type PersonalChain,
  requirePersonal,
} from "../../../delegation/index.ts";
import { Fault, hours, type Id, newId, seconds } from "../../../lib/index.ts";
import { agentOf, type BoundClient, keyHeldBy } from "../../client.ts";
import { warrantIssued } from "../../events.ts";
import { issuable } from "../../issuable.ts";
import { factOf } from "../../issued.ts";
import type { Granted, Mandate } from "../../mandate.ts";
import { aboutOf, actOf, guard, lifetime, type TokenResponse } from "../../mint.ts";
import type { OauthDeps } from "../../oauth-deps.ts";
import { authorizationDetailsOf, type Form, parameter, resourceOf } from "../../parameters.ts";
import { released } from "../../release.ts";
import { requestedWithin } from "../../requested.ts";
import { delegatedResource } from "../../resource.ts";
import { revocationKeys } from "../../revocation-keys.ts";
import { insertWarrant } from "../../store-warrants.ts";
import { decideWithinTask } from "../../within-task.ts";
import { type Exchange, requestedType } from "./exchange.ts";
import { chainOfTicket } from "./ticket.ts";
import { WARRANT } from "./token-types.ts";

const LONGEST = hours(1);

type Delegated = Mandate & { readonly chain: PersonalChain };

/**
 * An agent turns a delegation into the root of a chain of warrants, held by its own key: what it passes on
 * from there it signs itself, with nobody asked. Decided like a token, and recorded.
 * @see RFC 8693 §2, RFC 9396
 */
export const exchangeForWarrant: Exchange = {
  takes: (form) => form.subject_token_type === delegationTokenType && requestedType(form) === WARRANT,
  async handle(deps, change, client, form) {
    const agent = agentOf(client);
    const chain = requirePersonal(await chainOfTicket(deps, client, agent, form));
    const resource = await delegatedResource(deps, resourceOf(form) ?? parameter(form, "resource"));
    const grants = requestedWithin([leafOf(chain).grants], authorizationDetailsOf(form), resource);
    requireCountedBelow(chain, grants);
    const { granted } = await decideWithinTask(deps, change, client, { agent, chain, resource }, grants);
    requireUnapproved(granted);
    return signRoot(deps, change, client, {
      audience: resource.location,
      release: resource.release,
      granted,
      chain,
      lifetime: warrantLifetimeOf(form),
    });
  },
};

/**
 * A warrant's own counts would be kept by nobody: what it passes on is counted where the delegation that it
 * rests on is.
 */
function requireCountedBelow(chain: LivingChain, grants: readonly Granted["grant"][]): void {
  const counts = new Set(leafOf(chain).grants.map(({ identifier, max_uses }) => `${identifier} ${max_uses}`));
  const own = grants.filter(
    ({ identifier, max_uses }) => max_uses !== undefined && !counts.has(`${identifier} ${max_uses}`),
  );
  if (own.length === 0) return;
  throw new Fault("invalid-authorization-details", "A warrant counts no uses that its delegation does not.", {
    remedy: "Ask for the number that the delegation has, or for none.",
  });
}

/** A person's yes is for one call by one holder: it cannot be passed on. */
function requireUnapproved(granted: readonly Granted[]): void {
  if (granted.every(({ allow }) => allow.approval === undefined)) return;
  throw new Fault("invalid-authorization-details", "What a person approves once cannot be passed on.", {
    remedy: "Exchange the delegation for an access token for this call.",
  });
}

async function signRoot(
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  mandate: Delegated,
): Promise<TokenResponse> {
  const signer = deps.keys.signer("delegation");
  const claims = await claimsOf(deps, client, mandate, signer.kid);
  guard(deps, change, client, mandate, claims.rev ?? []);
  const compact = issuable(() => mintWarrant(claims, signer));
  const { hash } = readLink(compact);
  record(deps, change, client, mandate, { claims, hash });
  return {
    access_token: compact,
    issued_token_type: WARRANT,
    token_type: "N_A",
    expires_in: claims.exp - claims.iat,
    authorization_details: claims.authorization_details,
  };
}

async function claimsOf(
  deps: OauthDeps,
  client: BoundClient,
  mandate: Delegated,
  kid: string,
): Promise<WarrantClaims> {
  const { chain, granted } = mandate;
  const jti = newId(deps, "jti");
  return {
    iss: deps.issuer,
    sub: chain.person,
    aud: [mandate.audience],
    ...lifetime(deps, client, mandate),
    jti,
    txn: chain.task.id,
    cnf: { jwk: holderJwk(client) },
    ...(released({ act: actOf(deps.issuer, agentsOf(chain)) }, mandate.release) as Pick<
      WarrantClaims,
      "act"
    >),
    del_depth: 0,
    del_max_depth: linksLeft(chain),
    consent: chain.consent,
    rev: [...(await revocationKeys(deps, jti, client, mandate)), `kid:${kid}`],
    ...(granted.some(({ perCall }) => perCall === true) ? { per_call: true as const } : {}),
    authorization_details: granted.map(({ grant }) => grant),
  };
}

/** How many links may hang on it: the shortest limit of everyone concerned, less those that it rests on. */
function linksLeft(chain: LivingChain): number {
  const most = mostLinks(chain, chain.agents);
  return Math.min(Math.max(most - leafOf(chain).depth, 0), MOST_DEPTH - 1);
}

/** Nothing but the key that was proven: what else is said of it, others would have to trust. */
function holderJwk(client: BoundClient): HolderJwk {
  const { jwk, thumbprint } = client.instance;
  if (keyHeldBy(client) !== thumbprint) {
    throw new Fault("unauthorized-client", "A warrant is held by the key of the running copy.", {
      remedy: "Send a DPoP proof by the key of the certificate that you authenticate with.",
    });
  }
  if (jwk.kty === "EC") return { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y };
  if (jwk.kty === "OKP") return { kty: jwk.kty, crv: jwk.crv, x: jwk.x };
  throw new Fault("unauthorized-client", "A warrant is held by a P-256 or Ed25519 key.", {
    remedy: "Enrol with such a key.",
  });
}

function record(
  deps: OauthDeps,
  change: Change,
  client: BoundClient,
  mandate: Delegated,
  { claims, hash }: { claims: WarrantClaims; hash: string },
): void {
  const { chain, granted } = mandate;
  const { edge, to: agent } = leafOf(chain);
  const { jti } = claims;
  const known = { jti, root: jti, edge, agent, jkt: keyHeldBy(client), hash, expires: seconds(claims.exp) };
  insertWarrant(change, known, deps.clock.now());
  append(
    change,
    warrantIssued(deps, client.caller, aboutOf(client, mandate), {
      jti: jti as Id<"jti">,
      audience: mandate.audience,
      client: client.instance.id,
      key: keyHeldBy(client),
      expires: claims.exp,
      links_left: claims.del_max_depth,
      granted: granted.map((each) => factOf(deps, change, each, mandate)),
      edge,
      chain: agentsOf(chain),
      chain_hash: chain.hash,
      consent: chain.consent,
      purpose: chain.task.purposeCommitment,
    }),
  );
}

/** `expires_in`, whole seconds, at most an hour; fifteen minutes where nothing is said. */
function warrantLifetimeOf({ expires_in: attackerSeconds = "900" }: Form): number {
  const asked = /^[1-9][0-9]{0,3}$/.test(attackerSeconds) ? seconds(Number(attackerSeconds)) : 0;
  if (asked > 0 && asked <= LONGEST) return asked;
  throw new Fault("invalid-request", "A warrant lives 1 to 3600 seconds.", {
    remedy: "Ask for a lifetime in that range.",
  });
}
