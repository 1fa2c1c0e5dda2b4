import type { KeyObject } from "node:crypto";
import type { KeySet } from "../jwk/index.ts";
import type { HeldLink } from "./link.ts";

/** Remembers links whose signatures and narrowing have been verified. Made by `createWarrantCache`. */
export type PrefixCache = {
  find(attackerCompact: string, parent: HeldLink | undefined, keys: KeySet): HeldLink | undefined;
  keep(attackerCompact: string, link: HeldLink, parent: HeldLink | undefined, keys: KeySet): void;
};

type Entry = { link: HeldLink; parent: HeldLink | undefined; anchor: KeyObject | undefined };

export function createWarrantCache(limit: number): PrefixCache {
  const entries = new Map<string, Entry>();
  return {
    find(attackerCompact, parent, keys) {
      const entry = entries.get(attackerCompact);
      if (entry === undefined || entry.parent !== parent) return undefined;
      if (entry.anchor !== anchorOf(entry.link, keys)) return undefined;
      return entry.link;
    },
    keep(attackerCompact, link, parent, keys) {
      entries.delete(attackerCompact);
      entries.set(attackerCompact, { link, parent, anchor: anchorOf(link, keys) });
      const oldest = entries.size > limit ? entries.keys().next().value : undefined;
      if (oldest !== undefined) entries.delete(oldest);
    },
  };
}

const anchorOf = ({ kid }: HeldLink, keys: KeySet): KeyObject | undefined =>
  kid === undefined ? undefined : keys.get(kid);
