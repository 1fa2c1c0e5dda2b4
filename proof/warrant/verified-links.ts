import { type KeyCache, type KeySet, noKeyCache } from "../jwk/index.ts";
import { type HeldLink, verifyDerived, verifyRoot } from "./link.ts";
import { requireDistinct, requireNarrower } from "./narrower.ts";
import type { WarrantCache } from "./warrant-cache.ts";
import { atLink } from "./warrant-error.ts";

/**
 * Verifies every signature of a chain, each under the key that the link before names, and that each link
 * follows from the one before. Says nothing of times, revocation or who presents it.
 *
 * @throws WarrantError
 */
export function verifiedLinks(
  attackerChain: readonly string[],
  { keys, importedKeys = noKeyCache, cache, now }: Sources,
): HeldLink[] {
  const links: HeldLink[] = [];
  for (const [i, attackerCompact] of attackerChain.entries()) {
    const parent = links.at(-1);
    const link =
      cache?.find(attackerCompact, parent, keys, now) ??
      atLink(i, () => verifiedLink(attackerCompact, parent, keys, importedKeys));
    links.push(link);
  }
  atLink(links.length - 1, () => requireDistinct(links.map(({ claims }) => claims.jti)));
  return links;
}

/** Where keys and earlier work come from. */
export type Sources = {
  keys: KeySet;
  importedKeys?: KeyCache | undefined;
  cache?: WarrantCache | undefined;
  now: number;
};

function verifiedLink(
  attackerCompact: string,
  parent: HeldLink | undefined,
  keys: KeySet,
  imported: KeyCache,
): HeldLink {
  const link =
    parent === undefined ? verifyRoot(attackerCompact, keys) : verifyDerived(attackerCompact, parent.holder);
  if (parent !== undefined) requireNarrower(parent, link.claims);
  return { ...link, holder: imported.import(link.claims.cnf.jwk, link.jkt) };
}
