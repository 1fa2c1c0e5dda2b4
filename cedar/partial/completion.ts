import type { Answer } from "../answer.ts";
import type { EntityStore } from "../entity.ts";
import { CompileError } from "../error.ts";
import { compileCondition, type Policy } from "../policy.ts";
import type { Clause } from "../policy-json.ts";
import type { Request } from "../policy-set.ts";
import { ScopeIndex } from "../scope-index.ts";
import type { OpenPolicy, PolicyOutcome } from "./policy.ts";

/** What can decide: a policy set. */
export interface Decider {
  decide(request: Request, entities: EntityStore): Answer;
}

/** Makes a policy set of policies that are compiled already. */
export type Assemble = (policies: readonly Policy[], index: ScopeIndex) => Decider;

/** A policy and what partial evaluation made of it. */
export interface Judged {
  readonly policy: Policy;
  readonly outcome: PolicyOutcome;
}

/** The residual as a policy set, made when it is first needed. */
export function completion(judged: readonly Judged[], assemble: Assemble): () => Decider {
  let made: Decider | undefined;
  return () => {
    made ??= assembled(judged.map(remainingPolicy), assemble);
    return made;
  };
}

function assembled(policies: readonly Policy[], assemble: Assemble): Decider {
  const index = new ScopeIndex();
  for (const policy of policies) index.add(policy);
  return assemble(policies, index);
}

/** A policy that does, for what was unknown, what the whole policy would do. */
function remainingPolicy({ policy, outcome }: Judged): Policy {
  if (outcome.state === "open") return residualPolicy(policy, outcome);
  const holds = () => {
    if (outcome.state === "failed") throw outcome.error;
    return outcome.state === "satisfied";
  };
  return { ...policy, holds };
}

/** Known values can nest deeper than what they stand for, too deep to be compiled: then the policy itself stays. */
function residualPolicy(policy: Policy, { scope, clauses }: OpenPolicy): Policy {
  const conditions = clauses.map((body): Clause => ({ kind: "when", body }));
  try {
    return { ...policy, scope, holds: compileCondition(policy.id, { ...policy.json, conditions }) };
  } catch (error) {
    if (error instanceof CompileError) return policy;
    throw error;
  }
}
