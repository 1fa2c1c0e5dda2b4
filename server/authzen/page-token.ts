import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { Fault } from "../lib/index.ts";
import type { Search, Sought } from "./read-request.ts";

/**
 * A place in the results of a search. It names the search, so that it leads nowhere in another one; it opens
 * nothing, since each page is decided anew.
 */
export const tokenAfter = (id: string, search: string): string =>
  Buffer.from(JSON.stringify([search, id])).toString("base64url");

/** What a search is known by: everything in it but the page. */
export function nameOf(
  sought: Sought,
  application: string | undefined,
  { page: _, ...search }: Search,
): string {
  return sha256Base64url(canonicalize([sought, application ?? null, search] as unknown as Json));
}

/** @throws Fault `malformed` for what is no token of this very search */
export function placeIn(attackerToken: string | undefined, search: string): string | undefined {
  if (attackerToken === undefined || attackerToken === "") return undefined;
  const [of, id] = parsed(attackerToken);
  if (of === search && typeof id === "string") return id;
  throw new Fault("malformed", "The body does not fit: page.token: it is of another search.", {
    remedy: "Send it with the very search that it came from.",
  });
}

function parsed(attackerToken: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(attackerToken, "base64url").toString("utf8"));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
