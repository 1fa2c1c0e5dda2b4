import { type Grant, uncovered } from "@countersign/proof/grant";
import { parseWarrantChain, type VerifiedWarrant, verifyWarrant } from "@countersign/proof/warrant";
import { Fault, seconds } from "../../../lib/index.ts";
import { deadAmong } from "../../../revocation/index.ts";
import { agentOf, type BoundClient, keyHeldBy } from "../../client.ts";
import { knownLinks } from "../../known-links.ts";
import { mint } from "../../mint.ts";
import { keySetOf, type OauthDeps } from "../../oauth-deps.ts";
import { authorizationDetailsOf, type Form, lifetimeOf, parameter, resourceOf } from "../../parameters.ts";
import { requestedWithin } from "../../requested.ts";
import { delegatedResource } from "../../resource.ts";
import { decideWithinTask } from "../../within-task.ts";
import { type Exchange, requestedType } from "./exchange.ts";
import { livingChain } from "./ticket.ts";
import { ACCESS_TOKEN, WARRANT_CHAIN } from "./token-types.ts";

const MOST_LINKS = 8;
const WINDOW_SECONDS = 300;

/**
 * The holder of a warrant turns it into a token for one resource. Its links become the delegations that they
 * are; from there on the token is what an exchange of the last one gives, and says which warrant it came from.
 * @see RFC 8693 §2
 */
export const exchangeWarrantChain: Exchange = {
  takes: (form) => form.subject_token_type === WARRANT_CHAIN && requestedType(form) === ACCESS_TOKEN,
  async handle(deps, change, client, form) {
    const agent = agentOf(client);
    refuseActorToken(form);
    const resource = await delegatedResource(deps, resourceOf(form) ?? parameter(form, "resource"));
    const warrant = await verified(deps, client, resource.location, parameter(form, "subject_token"));
    const chain = await livingChain(deps, await knownLinks(deps, warrant));
    const links = warrant.chain.map(({ claims }) => claims.authorization_details).reverse();
    const grants = requestedWithin(links, authorizationDetailsOf(form), resource);
    requireWithinEveryLink(warrant, grants);
    const { granted } = await decideWithinTask(deps, change, client, { agent, chain, resource }, grants);
    return mint(deps, change, client, {
      audience: resource.location,
      release: resource.release,
      granted,
      chain,
      warrant: { reference: warrant.reference, rev: warrant.rev, expires: seconds(warrant.exp) },
      lifetime: lifetimeOf(form),
      issuedTokenType: ACCESS_TOKEN,
    });
  },
};

/** Who acts is who holds the last link; a second answer to the same question could only disagree. */
function refuseActorToken({ actor_token, actor_token_type }: Form): void {
  if (actor_token === undefined && actor_token_type === undefined) return;
  throw new Fault("invalid-request", "A warrant names its holder: no actor token belongs to it.", {
    remedy: "Leave actor_token and actor_token_type out.",
  });
}

/** Every signature, every link inside the one before, and this client's proof that it holds the last one. */
async function verified(
  deps: OauthDeps,
  client: BoundClient,
  audience: string,
  attackerText: string,
): Promise<VerifiedWarrant> {
  keyHeldBy(client);
  const { presented } = client;
  if (presented === undefined) throw bad();
  const warrant = refuseBad(() =>
    verifyWarrant(
      parseWarrantChain(attackerText),
      { proof: presented.proof },
      {
        issuer: deps.issuer,
        keys: keySetOf(deps.keys, "delegation"),
        audience,
        method: presented.method,
        url: presented.url,
        now: deps.clock.now(),
        windowSeconds: WINDOW_SECONDS,
        mostLinks: MOST_LINKS,
        // Asked right below, of the store, and guarded at the commit.
        isDead: () => false,
        importedKeys: deps.holderKeys,
      },
    ),
  );
  const held = warrant.proof.jkt === client.instance.thumbprint;
  if (!held || (await deadAmong(deps, warrant.rev)).length > 0) throw bad();
  return warrant;
}

/** By each link on its own: that each fits inside the one before is not what safety rests on. */
function requireWithinEveryLink({ chain }: VerifiedWarrant, grants: readonly Grant[]): void {
  if (chain.every(({ claims }) => uncovered(claims.authorization_details, grants).length === 0)) return;
  throw new Fault("access-denied", "A link of the warrant does not cover this.", {
    remedy: "Ask for what every link gives.",
  });
}

function refuseBad<T>(step: () => T): T {
  try {
    return step();
  } catch (cause) {
    throw bad(cause);
  }
}

const bad = (cause?: unknown): Fault =>
  new Fault("invalid-request", "The warrant does not hold, or is not this client's.", {
    remedy:
      "Send the whole chain, root first, and a DPoP proof by its last holder with ath over its last link.",
    cause,
  });
