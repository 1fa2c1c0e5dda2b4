import type { Answer, PolicyError } from "../answer.ts";
import type { ExprJson } from "../policy-json.ts";
import type { Known } from "./request.ts";

/** A policy that can still turn out either way. */
export interface ResidualPolicy {
  readonly policy: string;
  readonly effect: "permit" | "forbid";
  /**
   * What must still be true, the scope included, in Cedar's JSON form; what is known stands in it as values,
   * so treat it as confidential as they are.
   * It may err when evaluated, exactly as the policy would.
   */
  readonly condition: ExprJson;
}

/** The answer to a partial request: what is certain already, and what remains to be evaluated. */
export interface Residual {
  /** Undefined while it depends on what is unknown. */
  readonly decision: "allow" | "deny" | undefined;
  /** Permits that are satisfied whatever the unknowns are. */
  readonly permits: readonly string[];
  /** Forbids that are satisfied whatever the unknowns are. */
  readonly forbids: readonly string[];
  /** Policies that err whatever the unknowns are. */
  readonly errors: readonly PolicyError[];
  /** The policies that can still apply, sorted by id. */
  readonly residuals: readonly ResidualPolicy[];
  /**
   * The answer to the whole request, as if it had been decided at once. Entities are looked up in the store
   * of the partial request.
   *
   * @throws ReadError when something is still unknown, or was known before
   */
  decide(known: Known): Answer;
}
