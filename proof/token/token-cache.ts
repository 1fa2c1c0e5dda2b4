import type { KeyObject } from "node:crypto";
import { deepFrozen, type JsonObject } from "../jcs/index.ts";
import type { KeySet } from "../jwk/index.ts";
import type { AccessTokenClaims } from "./claims.ts";

/** What is remembered of a token: that one of the issuer's keys signed this text, and what it says. */
export type KnownToken = { claims: JsonObject; token: AccessTokenClaims; kid: string | undefined };

/**
 * Remembers tokens by their whole text, signature included. Issuer, audience, times and revocation are judged
 * anew each time, and the key that signed must still be the issuer's under that name.
 */
export type TokenCache = {
  /** @param now milliseconds since 1970 */
  find(attackerToken: string, keys: KeySet, now: number): KnownToken | undefined;
  keep(token: string, known: KnownToken, keys: KeySet): void;
  forget(token: string): void;
  /** How many tokens are remembered. */
  readonly size: number;
};

type Entry = KnownToken & { key: KeyObject | undefined };

/** A cache of at most `limit` tokens; the one not used for longest leaves first. */
export function createTokenCache(limit: number): TokenCache {
  const entries = new Map<string, Entry>();
  return {
    find(attackerToken, keys, now) {
      const entry = entries.get(attackerToken);
      if (entry === undefined) return undefined;
      entries.delete(attackerToken);
      // Written so that a time which is no number finds nothing.
      if (!(now < entry.token.exp * 1000) || entry.key !== keyOf(entry.kid, keys)) return undefined;
      entries.set(attackerToken, entry);
      return entry;
    },
    keep(token, { claims, token: read, kid }, keys) {
      const key = keyOf(kid, keys);
      // Whoever asks next gets the same claims: nobody may change them.
      entries.set(detached(token), { claims: deepFrozen(claims), token: deepFrozen(read), kid, key });
      while (entries.size > limit) entries.delete(entries.keys().next().value ?? "");
    },
    forget(token) {
      entries.delete(token);
    },
    get size() {
      return entries.size;
    },
  };
}

const keyOf = (kid: string | undefined, keys: KeySet): KeyObject | undefined =>
  kid === undefined ? undefined : keys.get(kid);

/** A text of its own: a piece of a request would keep the whole request in memory. */
const detached = (text: string): string => Buffer.from(text, "latin1").toString("latin1");
