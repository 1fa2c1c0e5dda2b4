import { canonicalize, type Json } from "@countersign/proof/jcs";
import type { FactDeclaration } from "../catalog/index.ts";

/** An argument beside the fact that it must equal. */
interface Pair {
  readonly argument: string;
  readonly fact: string;
}

/**
 * Which arguments say something else than the fact that they must equal, and which could not be compared
 * because their fact is not known. An argument that is not given contradicts nothing.
 * @param values the facts that are known, by name
 * @param agentArgs the agent's own words
 */
export function compareWithFacts(
  declared: readonly FactDeclaration[],
  values: Readonly<Record<string, Json>>,
  agentArgs: Readonly<Record<string, unknown>>,
): { contradicted: Pair[]; unchecked: Pair[] } {
  const contradicted: Pair[] = [];
  const unchecked: Pair[] = [];
  for (const { name: fact, type, equals: argument } of declared) {
    if (argument === undefined || !Object.hasOwn(agentArgs, argument)) continue;
    if (!Object.hasOwn(values, fact)) unchecked.push({ argument, fact });
    else if (!isSame(values[fact], agentArgs[argument], type)) contradicted.push({ argument, fact });
  }
  return { contradicted, unchecked };
}

/** A list of strings is a set in every decision, so its order says nothing. */
function isSame(fact: unknown, agentValue: unknown, type: FactDeclaration["type"]): boolean {
  if (type !== "string[]") return fact === agentValue;
  const texts = [fact, agentValue].map(asSet);
  return texts[0] !== undefined && texts[0] === texts[1];
}

function asSet(value: unknown): string | undefined {
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string" && item.isWellFormed()))
    return undefined;
  return canonicalize([...new Set(value as string[])].sort() as Json);
}
