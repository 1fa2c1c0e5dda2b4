import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/** Crockford's base 32, which sorts as the numbers do. */
export const ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** The kinds of things that carry an id of ours. Agents carry their names instead. */
export const ID_PREFIXES = [
  "account",
  "approval",
  "action",
  "challenge",
  "cluster",
  "consent",
  "credential",
  "decision",
  "domain",
  "edge",
  "entry",
  "event",
  "evidence",
  "host",
  "instance",
  "jti",
  "jointoken",
  "link",
  "model",
  "person",
  "platform",
  "policy",
  "receipt",
  "request",
  "secret",
  "service",
  "session",
  "signer",
  "statement",
  "task",
  "workload",
] as const;

export type IdPrefix = (typeof ID_PREFIXES)[number];

/** An id such as `task_01jd…`: the prefix says what it names, the rest sorts by time of making. */
export type Id<P extends IdPrefix = IdPrefix> = `${P}_${string}`;

/**
 * Makes an id: ten characters of time (ms) and sixteen of chance (80 bits), in Crockford's base 32.
 * Made by the verb, never by the database, so that an event can name what its change creates.
 */
export function newId<P extends IdPrefix>(deps: { clock: Clock; random: Random }, prefix: P): Id<P> {
  return `${prefix}_${timePart(deps.clock.now())}${randomPart(deps.random.bytes(16))}`;
}

/**
 * The smallest id of this kind that could have been made at a time: whatever was made then or later sorts
 * after it.
 * @param at milliseconds since the epoch
 */
export const earliestId = <P extends IdPrefix>(prefix: P, at: number): Id<P> =>
  `${prefix}_${timePart(Math.max(at, 0))}${"0".repeat(16)}`;

/** A secret for a link or a join token: 256 bits, base64url. */
export function newSecret(deps: { random: Random }): string {
  return Buffer.from(deps.random.bytes(32)).toString("base64url");
}

export function isId<P extends IdPrefix>(text: string, prefix: P): text is Id<P> {
  return text.startsWith(`${prefix}_`) && /^[0-9a-hjkmnp-tv-z]{26}$/.test(text.slice(prefix.length + 1));
}

/** The ten characters of an id that say when it was made. @param milliseconds since the epoch */
export function timePart(milliseconds: number): string {
  let rest = milliseconds;
  let text = "";
  for (let i = 0; i < 10; i++) {
    text = ID_ALPHABET[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** When an id of ours was made, in milliseconds since the epoch. */
export const madeAt = (id: Id): number =>
  [...(id.split("_")[1] ?? "").slice(0, 10)].reduce(
    (sum, letter) => sum * 32 + ID_ALPHABET.indexOf(letter),
    0,
  );

function randomPart(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += ID_ALPHABET[byte % 32];
  return text;
}
