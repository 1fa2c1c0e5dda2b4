import type { KeyObject } from "node:crypto";
import type { PublicJwk } from "./jwk.ts";
import { importPublicJwk } from "./key-object.ts";

/** Remembers imported keys by thumbprint, for keys that arrive with every message (DPoP). */
export type KeyCache = { import(jwk: PublicJwk, jkt: string): KeyObject };

/**
 * A cache of at most `limit` keys; the one not used for longest leaves first, so that strangers with many
 * keys cost memory for `limit` of them and no more.
 */
export function createKeyCache(limit: number): KeyCache {
  const keys = new Map<string, KeyObject>();
  return {
    import(jwk, jkt) {
      const key = keys.get(jkt) ?? importPublicJwk(jwk);
      keys.delete(jkt);
      keys.set(jkt, key);
      const oldest = keys.size > limit ? keys.keys().next().value : undefined;
      if (oldest !== undefined) keys.delete(oldest);
      return key;
    },
  };
}

/** The cache of whoever wants none. */
export const noKeyCache: KeyCache = { import: (jwk) => importPublicJwk(jwk) };
