import type { StatusReference } from "@countersign/proof/token";
import type { Change } from "../database/index.ts";
import { Fault, inSeconds } from "../lib/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { LONGEST_LIFETIME } from "./parameters.ts";
import { deletePlacesBelow, insertPlace } from "./store-status.ts";

/** Tokens that expire within the same five minutes share a list; when those are over, so is the list. */
const LIST_SECONDS = 300;

/**
 * Places of a list. A place is drawn, so that neither order nor number of tokens can be read from it; so many
 * that two tokens hardly ever draw the same one: a million bytes of mostly zeros, which compress to one kilobyte.
 */
export const PLACES = 2 ** 22;

/** The address of a list. */
export const listUri = (issuer: string, list: number): string => `${issuer}/status/${list}`;

export const firstSlot = (list: number): number => list * PLACES;

/**
 * A place for a token, at random. It is the token's own once `takePlace` has been committed.
 * @param exp seconds since the epoch
 */
export function drawPlace(deps: Pick<OauthDeps, "issuer" | "random">, exp: number): StatusReference {
  const bytes = deps.random.bytes(4);
  const idx = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) % PLACES;
  return { status_list: { idx, uri: listUri(deps.issuer, listOf(exp)) } };
}

/** Takes the place that was drawn, in the change that issues the token: of two at one place one draws again. */
export function takePlace(
  change: Change,
  { status_list: { idx } }: StatusReference,
  token: { jti: string; exp: number },
): void {
  insertPlace(change, firstSlot(listOf(token.exp)) + idx, token.jti);
}

/** The lists in which living tokens can be, by number. */
export function livingLists({ clock }: Pick<OauthDeps, "clock">): number[] {
  const now = clock.now();
  const [first, last] = [listOf(inSeconds(now)), listOf(inSeconds(now + LONGEST_LIFETIME))];
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** @throws Fault `not-found` for one in which no living token can be */
export function livingList(deps: Pick<OauthDeps, "clock">, attackerList: string): number {
  const found = livingLists(deps).find((list) => String(list) === attackerList);
  if (found !== undefined) return found;
  throw new Fault("not-found", "There is no such status list, or all its tokens have expired.", {
    remedy: "Refuse the token that names it.",
  });
}

/** Forgets places of tokens that have expired: housekeeping. Their numbers never come again. */
export function forgetPlaces(deps: Pick<OauthDeps, "clock">, change: Change): void {
  deletePlacesBelow(change, firstSlot(listOf(inSeconds(deps.clock.now()))));
}

const listOf = (exp: number): number => Math.floor(exp / LIST_SECONDS);
