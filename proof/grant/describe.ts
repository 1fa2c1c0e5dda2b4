import { canonicalize, type Json } from "../jcs/index.ts";
import { describeConstraint } from "./constraint.ts";
import type { Grant } from "./grant.ts";

/** Characters that no reader mistakes for something else: they may stand without quotes. */
const plain = /^[A-Za-z0-9._~:/?#@&=+-]+$/;

/**
 * What cannot be seen, or changes how its neighbours are seen: controls, bidirectional overrides, joiners,
 * separators other than the space, unassigned and private characters, fillers.
 */
const invisible = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/**
 * The grant as one line for a person to judge, such as
 * `finance/approveExpense on https://mcp.example.com/finance (amount ≤ 20000; nothing else)`. Text of
 * whoever asked for the grant cannot break the line, hide or imitate a part of it.
 */
export function describeGrant(grant: Grant): string {
  const where = grant.locations.map(describeWord).join(", ");
  const conditions = describeConditions(grant).map((condition) => `, ${condition}`);
  return `${subjectOf(grant)} on ${where}${describeArguments(grant)}${conditions.join("")}`;
}

/** The same without the place: what may be done, and with which arguments. */
export const describeWhat = (grant: Grant): string => `${subjectOf(grant)}${describeArguments(grant)}`;

function subjectOf({ type, identifier, actions }: Grant): string {
  const what = describeWord(identifier);
  const does = actions.map(describeWord).join(",");
  if (type === "agent_tool") return does === "tools/call" ? what : `${does} ${what}`;
  return type === "scope" ? `${what}:${does}` : `${type} ${does} ${what}`;
}

function describeArguments({ args = {}, open_args, type }: Grant): string {
  const phrases = Object.entries(args).map(([name, constraint]) => {
    return `${describeWord(name)} ${describeConstraint(constraint, describeValue)}`;
  });
  if (phrases.length > 0)
    return ` (${phrases.join(", ")}; ${open_args ? "any other argument" : "nothing else"})`;
  if (open_args) return " (any arguments)";
  return type === "scope" ? "" : " (no arguments)";
}

function describeConditions({ max_uses, approval, acr }: Grant): string[] {
  const conditions: string[] = [];
  if (max_uses !== undefined) conditions.push(max_uses === 1 ? "once" : `at most ${max_uses} times`);
  if (approval !== undefined) conditions.push("each with an approval");
  if (acr !== undefined) conditions.push(`signed in with ${describeWord(acr)}`);
  return conditions;
}

/** A name of somebody else's choosing, in quotes where it could be mistaken for something else. */
export function describeWord(attackerText: string): string {
  return plain.test(attackerText) ? attackerText : describeValue(attackerText);
}

/** Strings always stand in quotes, so that none can pass for a number or for our own words. */
export function describeValue(attackerValue: Json): string {
  return canonicalize(attackerValue).replace(invisible, (character) =>
    Array.from({ length: character.length }, (_, i) => escaped(character.charCodeAt(i))).join(""),
  );
}

function escaped(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}
