import type { JsonObject } from "@countersign/proof/jcs";
import { refused } from "../refused.ts";

/** What a platform's token says, in words by which rules can pin it. */
export interface ReadToken {
  readonly facts: Readonly<Record<string, string>>;
  /** Names the one running copy that the token was made for, where the platform tells copies apart. */
  readonly copy?: string;
}

/** What is known of a kind of platform: what its tokens say, and what a rule must rest on. */
export interface Preset {
  /** The longest life of its tokens in milliseconds where nothing is said, and the most that may be said. */
  readonly longest: number;
  readonly most: number;
  readonly algorithms: readonly string[];
  /** The names that a rule may pin; nothing where a rule may pin whatever a token says. */
  readonly names?: readonly string[];
  /**
   * A rule pins all of one of these at least: what nobody else is ever given. A name can be given up by one and
   * taken by another.
   */
  readonly pins: readonly (readonly string[])[];
  /**
   * What began it, and what of that only insiders can begin. Whatever else there is, or comes one day, counts only
   * where a rule names it.
   */
  readonly begunBy?: { readonly name: string; readonly insiders: readonly string[] };
  /** Why this can be no issuer of this kind; nothing where it can. */
  whyNot?(issuer: string): string | undefined;
  /** @throws Fault `unauthenticated` with its reason */
  read(claims: JsonObject, issuer: string): ReadToken;
}

/** Those of these claims that are plain values, as text. */
export function factsAmong(claims: JsonObject, names: readonly string[]): Record<string, string> {
  const facts: Record<string, string> = {};
  for (const name of names) {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    if (typeof value === "string" && value !== "") facts[name] = value;
    if (typeof value === "boolean" || (typeof value === "number" && Number.isSafeInteger(value)))
      facts[name] = String(value);
  }
  return facts;
}

/** @throws Fault, reason `claims-missing` */
export function requireFacts(facts: Readonly<Record<string, string>>, names: readonly string[]): void {
  const missing = names.filter((name) => facts[name] === undefined);
  if (missing.length === 0) return;
  throw refused("claims-missing", `The token does not say ${missing.join(", ")}, as this platform's do.`);
}
