import type { KeyObject } from "node:crypto";
import { deepFrozen } from "../jcs/index.ts";
import type { KeySet } from "../jwk/index.ts";
import type { HeldLink } from "./link.ts";

/**
 * Remembers what of a chain can never change: that a text was signed by whom it had to be signed by, and
 * follows from the link before. Times, revocation, audience, call and holder are judged anew each time.
 */
export type WarrantCache = {
  /**
   * A link that was verified before, in the same text, behind the same links, under the same key of the
   * issuer.
   *
   * @param parent the link before, as it was found or verified just now
   * @param now milliseconds since 1970
   */
  find(
    attackerCompact: string,
    parent: HeldLink | undefined,
    keys: KeySet,
    now: number,
  ): HeldLink | undefined;
  /** Remembers the links of a chain that was verified, each with its text. */
  keep(chain: readonly string[], links: readonly HeldLink[], keys: KeySet): void;
  /** Forgets the links of a chain: it was revoked. */
  forget(chain: readonly string[]): void;
  /** How many links are remembered. */
  readonly size: number;
};

type Entry = {
  link: HeldLink;
  parent: HeldLink | undefined;
  /** The issuer's key that signed; only of a root. */
  anchor: KeyObject | undefined;
  /** When the first link of the prefix ends, milliseconds since 1970. */
  until: number;
};

/**
 * A cache of at most `limit` links; the one not used for longest leaves first. A link is found by its whole
 * text, signature included, and only behind the very link object that was found before it: so a prefix as a
 * whole is what was verified, and falls as a whole when its root falls.
 */
export function createWarrantCache(limit: number): WarrantCache {
  const entries = new Map<string, Entry>();
  return {
    find(attackerCompact, parent, keys, now) {
      const entry = entries.get(attackerCompact);
      if (entry === undefined || entry.parent !== parent) return undefined;
      entries.delete(attackerCompact);
      // Written so that a time which is no number finds nothing.
      if (!(now < entry.until) || entry.anchor !== anchorOf(entry.link, keys)) return undefined;
      entries.set(attackerCompact, entry);
      return entry.link;
    },
    keep(chain, links, keys) {
      let until = Number.POSITIVE_INFINITY;
      for (const [i, link] of links.entries()) {
        until = Math.min(until, link.claims.exp * 1000);
        const compact = chain[i] ?? "";
        if (entries.get(compact)?.link === link) continue;
        const parent = links[i - 1];
        entries.set(detached(compact), { link: frozen(link), parent, anchor: anchorOf(link, keys), until });
      }
      while (entries.size > limit) entries.delete(entries.keys().next().value ?? "");
    },
    forget(chain) {
      for (const compact of chain) entries.delete(compact);
    },
    get size() {
      return entries.size;
    },
  };
}

const anchorOf = ({ kid }: HeldLink, keys: KeySet): KeyObject | undefined =>
  kid === undefined ? undefined : keys.get(kid);

/** A text of its own: a piece of a request would keep the whole request in memory. */
const detached = (text: string): string => Buffer.from(text, "latin1").toString("latin1");

/** Callers get what is remembered: what one of them changed, all others would believe. */
function frozen(link: HeldLink): HeldLink {
  deepFrozen(link.claims);
  return Object.freeze(link);
}
