import { answerFrom } from "./answer.ts";
import type { EntityStore } from "./entity.ts";
import { type Assemble, completion, type Judged } from "./partial/completion.ts";
import { evaluatorIn } from "./partial/evaluate.ts";
import { evaluatePolicy } from "./partial/policy.ts";
import { completed, type PartialRequest, questionFrom, sceneOf } from "./partial/request.ts";
import type { Residual, ResidualPolicy } from "./partial/residual.ts";
import type { Policy } from "./policy.ts";
import type { Schema } from "./schema/schema.ts";
import type { ScopeIndex } from "./scope-index.ts";

export type { Known, PartialRequest, UnknownEntity } from "./partial/request.ts";
export type { Residual, ResidualPolicy } from "./partial/residual.ts";
export { type Candidates, type Search, searchFor } from "./partial/search.ts";

/** The part of a policy set that partial evaluation needs. */
export interface Policies {
  readonly index: Pick<ScopeIndex, "find">;
  readonly schema: Schema | undefined;
}

/**
 * Decides a request as far as that is possible while parts of it are unknown. Only policies whose scope admits
 * what is known are looked at.
 *
 * @param assemble how the residual becomes a policy set, when it is completed
 * @throws ReadError when the context is no Cedar record, or something is both given and unknown
 */
export function decidePartially(
  { index, schema }: Policies,
  request: PartialRequest,
  entities: EntityStore,
  assemble: Assemble,
): Residual {
  const question = questionFrom(request);
  const store: EntityStore = { get: (uid) => entities.get(uid) ?? schema?.actions.get(uid) };
  const walk = evaluatorIn(sceneOf(question, store));
  const found = index.find(question.principal, question.action, question.resource, store);
  const judged = found
    .map((policy) => ({ policy, outcome: evaluatePolicy(policy, walk) }))
    .filter(({ outcome }) => outcome.state !== "unsatisfied")
    .sort((one, other) => one.policy.rank - other.policy.rank);
  const complete = completion(judged, assemble);
  return {
    ...certainPart(judged),
    decide: (known) => complete().decide(completed(question, known), entities),
  };
}

function certainPart(judged: readonly Judged[]): Omit<Residual, "decide"> {
  const satisfied = (effect: Policy["effect"]) =>
    judged.filter(({ policy, outcome }) => outcome.state === "satisfied" && policy.effect === effect);
  const failures = judged.flatMap(({ policy, outcome }) =>
    outcome.state === "failed" ? [{ policy, error: outcome.error }] : [],
  );
  const residuals = judged.flatMap(({ policy, outcome }) =>
    outcome.state === "open"
      ? [{ policy: policy.id, effect: policy.effect, condition: outcome.condition }]
      : [],
  );
  const { permits, forbids, errors } = answerFrom(
    satisfied("permit").map(policyOf),
    satisfied("forbid").map(policyOf),
    failures,
  );
  return { decision: certainDecision(permits, forbids, residuals), permits, forbids, errors, residuals };
}

function policyOf({ policy }: Judged): Policy {
  return policy;
}

function certainDecision(
  permits: readonly string[],
  forbids: readonly string[],
  residuals: readonly ResidualPolicy[],
): "allow" | "deny" | undefined {
  const mayStill = (effect: Policy["effect"]) => residuals.some((residual) => residual.effect === effect);
  if (forbids.length > 0) return "deny";
  if (permits.length === 0) return mayStill("permit") ? undefined : "deny";
  return mayStill("forbid") ? undefined : "allow";
}
