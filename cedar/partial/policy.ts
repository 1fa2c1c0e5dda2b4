import type { EvaluationError } from "../error.ts";
import type { Policy } from "../policy.ts";
import type { ExprJson, Variable } from "../policy-json.ts";
import type { Constraint, Scope } from "../scope.ts";
import type { Uid } from "../uid.ts";
import { expressionOf } from "./literal.ts";
import { joined, remaining } from "./logic.ts";
import type { Open, Walk } from "./outcome.ts";

/** What becomes of one policy: it is satisfied or not, errs, or something remains to be evaluated. */
export type PolicyOutcome =
  | { readonly state: "satisfied" | "unsatisfied" }
  | { readonly state: "failed"; readonly error: EvaluationError }
  | OpenPolicy;

/** What remains of a policy. */
export interface OpenPolicy {
  readonly state: "open";
  /** The whole of what remains, tests of the scope included. */
  readonly condition: ExprJson;
  /** The scope, where only places with an unknown entity still constrain. */
  readonly scope: Scope;
  /** What remains of the conditions; all must be true, looked at in this order. */
  readonly clauses: readonly ExprJson[];
}

/** Evaluates one policy as far as that is possible. */
export function evaluatePolicy(policy: Policy, walk: Walk): PolicyOutcome {
  const tests = scopeTests(policy.scope);
  const rest = remaining(walk, [...tests.map(({ test }) => test), ...clausesOf(policy)], false);
  if ("state" in rest) {
    if (rest.state === "failed") return rest;
    return { state: rest.value === true ? "satisfied" : "unsatisfied" };
  }
  const open = tests.filter(({ test }) => walk(test).state === "open");
  return openPolicy(
    policy.scope,
    open.map(({ variable }) => variable),
    rest,
  );
}

/** Tests of the scope cannot fail, so those that stay open are the first of the rest. */
function openPolicy(scope: Scope, variables: readonly Place[], rest: readonly Open[]): OpenPolicy {
  const at = (place: Place): Constraint => (variables.includes(place) ? scope[place] : { op: "All" });
  return {
    state: "open",
    condition: joined(rest, "&&"),
    scope: { principal: at("principal"), action: at("action"), resource: at("resource") },
    clauses: rest.slice(variables.length).map(({ expr }) => expr),
  };
}

type Place = Exclude<Variable, "context">;

function clausesOf({ json }: Policy): ExprJson[] {
  return json.conditions.map(({ kind, body }): ExprJson => (kind === "when" ? body : { "!": { arg: body } }));
}

function scopeTests(scope: Scope): { variable: Place; test: ExprJson }[] {
  const places = ["principal", "action", "resource"] as const;
  return places.flatMap((variable) => {
    const test = scopeTest({ Var: variable }, scope[variable]);
    return test === undefined ? [] : [{ variable, test }];
  });
}

/** A scope's constraint as the expression that means the same. */
function scopeTest(left: ExprJson, constraint: Constraint): ExprJson | undefined {
  switch (constraint.op) {
    case "All":
      return undefined;
    case "==":
      return { "==": { left, right: expressionOf(constraint.uid) } };
    case "in":
      return { in: { left, right: entityOrEntities(constraint.uids) } };
    case "is": {
      const { type, in: within } = constraint;
      return { is: { left, entity_type: type, ...(within && { in: expressionOf(within) }) } };
    }
  }
}

function entityOrEntities(uids: readonly Uid[]): ExprJson {
  const [only, ...others] = uids.map(expressionOf);
  return only !== undefined && others.length === 0 ? only : { Set: uids.map(expressionOf) };
}
