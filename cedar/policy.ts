import { CompileError } from "./error.ts";
import type { Environment } from "./expression/environment.ts";
import { compileExpression } from "./expression/expression.ts";
import { compileNot, shortCircuit, testOf } from "./expression/logic.ts";
import type { Node } from "./expression/node.ts";
import { Site } from "./expression/site.ts";
import type { Clause, PolicyJson, TemplateLink } from "./policy-json.ts";
import { readScope, type Scope } from "./scope.ts";

/** What a policy or template demands beyond its scope. @throws EvaluationError */
export type Condition = (environment: Environment) => boolean;

/** One policy, or one link of a template, ready to be decided. */
export interface Policy {
  readonly id: string;
  /** Where the id stands among all ids of the set; outcomes are given in this order. */
  readonly rank: number;
  readonly effect: "permit" | "forbid";
  readonly scope: Scope;
  readonly holds: Condition;
  /** The policy, or the template behind the link, as it was given. */
  readonly json: PolicyJson;
}

/**
 * Compiles one policy or one link of a template.
 *
 * @throws CompileError
 */
export function compilePolicy(
  id: string,
  rank: number,
  json: PolicyJson,
  slots: TemplateLink["values"],
  condition: Condition,
): Policy {
  return { id, rank, effect: json.effect, scope: readScope(id, json, slots), holds: condition, json };
}

/**
 * Compiles the conditions of a policy or template; the links of a template share them.
 *
 * @throws CompileError
 */
export function compileCondition(id: string, json: PolicyJson): Condition {
  if (json?.effect !== "permit" && json?.effect !== "forbid") {
    throw new CompileError(id, "effect", "A policy is a permit or a forbid.");
  }
  if (!Array.isArray(json.conditions))
    throw new CompileError(id, "conditions", "Expected a list of conditions.");
  const site = new Site(id, compileExpression);
  const clauses = json.conditions.map((clause, position) => compileClause(id, clause, position, site));
  return testOf(shortCircuit(clauses, false));
}

function compileClause(id: string, clause: Clause, position: number, site: Site): Node {
  if (clause?.kind !== "when" && clause?.kind !== "unless") {
    throw new CompileError(id, `conditions.${position}`, "A condition is a when or an unless.");
  }
  const body = site.part(clause.body, "conditions", position, "body");
  return clause.kind === "when" ? body : compileNot(body);
}
