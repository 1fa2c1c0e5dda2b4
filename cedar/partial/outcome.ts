import { EvaluationError } from "../error.ts";
import type { ExprJson } from "../policy-json.ts";
import type { CedarRecord } from "../record.ts";
import { Uid } from "../uid.ts";
import type { Value } from "../value.ts";
import { expressionOf } from "./literal.ts";

/** What partial evaluation finds out about an expression. */
export type Outcome = Known | Failed | Open;

/** It has this value, whatever the unknowns are. */
export interface Known {
  readonly state: "known";
  readonly value: Value;
}

/** It has no value, but this error, whatever the unknowns are. */
export interface Failed {
  readonly state: "failed";
  readonly error: EvaluationError;
}

/** It depends on an unknown. */
export interface Open {
  readonly state: "open";
  /** What remains to be evaluated; it means the same as the whole. */
  readonly expr: ExprJson;
  /** Whether it has a value for every unknown, never an error. Only then may it be left out. */
  readonly safe: boolean;
  /** What its value is whenever it has one. Only variables are known to be entities, and they never fail. */
  readonly kind: "boolean" | "entity" | "record" | "any";
  /** The type of the entity, where that is known. */
  readonly entityType?: string;
  /** The members of a record of which only some are known. */
  readonly members?: KnownMembers;
}

/** A record of which some members are unknown. */
export interface KnownMembers {
  readonly known: CedarRecord;
  readonly unknown: UnknownMembers;
}

/** Which members are unknown: wholly, or only some of their own members. Unknown members may be missing. */
export type UnknownMembers = ReadonlyMap<string, "unknown" | UnknownMembers>;

/** Evaluates a part of an expression. */
export type Walk = (expr: ExprJson) => Outcome;

export function known(value: Value): Known {
  return { state: "known", value };
}

export function open(expr: ExprJson, kind: Open["kind"] = "any", safe = false): Open {
  return { state: "open", expr, kind, safe };
}

/** What a computation on known values comes to. */
export function attempt(compute: () => Value): Known | Failed {
  try {
    return known(compute());
  } catch (error) {
    if (error instanceof EvaluationError) return { state: "failed", error };
    throw error;
  }
}

/** Whether evaluating can never end in an error. */
export function isSafe(outcome: Outcome): boolean {
  return outcome.state === "known" || (outcome.state === "open" && outcome.safe);
}

/** Whether it is an entity for certain; then it cannot fail either. */
export function isEntity(outcome: Outcome): boolean {
  if (outcome.state === "known") return outcome.value instanceof Uid;
  return outcome.state === "open" && outcome.kind === "entity";
}

/**
 * How an outcome stands in a larger expression that stays open. A certain error stands there as the
 * expression that causes it, so that completing ends in the very same error.
 */
export function written(outcome: Outcome, original: ExprJson): ExprJson {
  if (outcome.state === "open") return outcome.expr;
  return outcome.state === "known" ? expressionOf(outcome.value) : original;
}
