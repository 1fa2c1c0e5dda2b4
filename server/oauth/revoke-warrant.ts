import { verifyCompactBytes } from "@countersign/proof/jws";
import {
  parseWarrantChain,
  readLink,
  requireNarrower,
  requireRoot,
  type WarrantLink,
  warrantTyp,
} from "@countersign/proof/warrant";
import { append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Id, seconds } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import type { Client } from "./client.ts";
import { warrantRevoked } from "./events.ts";
import { isOurs } from "./known-links.ts";
import { keySetOf, type OauthDeps } from "./oauth-deps.ts";
import { findWarrant } from "./store-warrants.ts";

/**
 * A holder gives the last link of a chain back, or takes back what it or somebody below it has passed on: the
 * link is dead, whether or not anybody has presented it before. Who asks must hold a link of that chain.
 * @param attackerText a chain up to the link that shall die, root first
 * @returns whether it was a chain of ours with a link of this client; where not, nothing has changed
 */
export async function revokeWarrant(
  deps: OauthDeps,
  change: Change,
  client: Client,
  attackerText: string,
): Promise<boolean> {
  const links = linksIn(deps, attackerText);
  const [root, leaf] = [links?.[0], links?.at(-1)];
  if (links === undefined || root === undefined || leaf === undefined) return false;
  const [knownRoot, known] = await Promise.all(
    [root, leaf].map(({ claims }) => findWarrant(deps.database, claims.jti)),
  );
  const { jti, exp, txn } = leaf.claims;
  const isHolder = links.some(({ jkt }) => jkt === client.instance.thumbprint);
  const isAnother = known !== undefined ? known.hash !== leaf.hash : isOurs(jti);
  if (knownRoot?.hash !== root.hash || !isHolder || isAnother || deps.clock.now() >= seconds(exp))
    return false;
  revoke(deps, change, client.caller, [`jti:${jti}`], "warrant given back");
  append(
    change,
    warrantRevoked(
      deps,
      client.caller,
      { task: txn as Id<"task">, agent: client.instance.principal },
      { jti, root: root.claims.jti, client: client.instance.id },
    ),
  );
  return true;
}

/** The links of a chain, each signed by who must have signed it; nothing for anything else. */
function linksIn(deps: OauthDeps, attackerText: string): WarrantLink[] | undefined {
  try {
    const compacts = parseWarrantChain(attackerText);
    const links = compacts.map(readLink);
    for (const [index, compact] of compacts.entries()) {
      const [before, link] = [links[index - 1], links[index]];
      if (link === undefined) return undefined;
      if (before === undefined) requireRoot(link.claims, deps.issuer);
      else requireNarrower(before, link.claims);
      requireSigned(deps, compact, before);
    }
    return links;
  } catch {
    return undefined;
  }
}

function requireSigned(deps: OauthDeps, compact: string, before: WarrantLink | undefined): void {
  const roots = keySetOf(deps.keys, "delegation");
  verifyCompactBytes(compact, {
    typ: warrantTyp,
    algs: ["ES256", "EdDSA"],
    resolve: ({ kid }) => {
      if (before === undefined) return kid === undefined ? undefined : roots.get(kid);
      return deps.holderKeys.import(before.claims.cnf.jwk, before.jkt);
    },
  });
}
