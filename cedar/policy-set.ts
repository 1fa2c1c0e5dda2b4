import { type Answer, answerFrom, type Failure } from "./answer.ts";
import { type ContextInput, readContext } from "./context.ts";
import type { EntityStore } from "./entity.ts";
import { EvaluationError, ReadError } from "./error.ts";
import { Environment } from "./expression/environment.ts";
import { decidePartially, type PartialRequest, type Residual } from "./partial.ts";
import type { Policy } from "./policy.ts";
import type { EntityUid } from "./policy-json.ts";
import type { Schema } from "./schema/schema.ts";
import type { ScopeIndex } from "./scope-index.ts";
import { Uid } from "./uid.ts";

/** Who wants to do what to what, and under which circumstances. All of it may be under a caller's control. */
export interface Request {
  readonly principal: EntityUid;
  readonly action: EntityUid;
  readonly resource: EntityUid;
  readonly context: ContextInput;
}

/** A compiled set of policies. It never changes. */
export class PolicySet {
  /** Every policy and link, sorted by id. */
  readonly policies: readonly Policy[];
  readonly index: ScopeIndex;
  readonly schema: Schema | undefined;

  constructor(policies: readonly Policy[], index: ScopeIndex, schema: Schema | undefined) {
    this.policies = policies;
    this.index = index;
    this.schema = schema;
  }

  /** How many policies and links there are. */
  get size(): number {
    return this.policies.length;
  }

  /**
   * Decides a request. Policies that err are left out and named, as Cedar does.
   *
   * @param entities what is known of the entities; only those are asked for that some policy reads
   * @throws ReadError when an entity is not named or the context is no Cedar record; whatever the store throws
   */
  decide(request: Request, entities: EntityStore): Answer {
    const environment = environmentOf(request, entities, this.schema);
    const permits: Policy[] = [];
    const forbids: Policy[] = [];
    const failures: Failure[] = [];
    const { principal, action, resource } = environment;
    for (const policy of this.index.find(principal, action, resource, environment)) {
      const held = outcome(policy, environment);
      if (held === true) (policy.effect === "permit" ? permits : forbids).push(policy);
      else if (held !== false) failures.push({ policy, error: held });
    }
    return answerFrom(permits, forbids, failures);
  }

  /**
   * Decides a request as far as that is possible while parts of it are unknown.
   *
   * @throws ReadError when the context is no Cedar record, or something is both given and unknown
   */
  partial(request: PartialRequest, entities: EntityStore): Residual {
    return decidePartially(this, request, entities, (policies, index) => {
      return new PolicySet(policies, index, this.schema);
    });
  }
}

function environmentOf(request: Request, entities: EntityStore, schema: Schema | undefined): Environment {
  return new Environment(
    asked(request.principal, "principal"),
    asked(request.action, "action"),
    asked(request.resource, "resource"),
    readContext(request.context),
    entities,
    schema,
  );
}

/** Whoever asks may have no types: anything but two texts would be equal to nothing, or to itself. */
function asked(uid: EntityUid, place: string): Uid {
  if (typeof uid?.type === "string" && typeof uid.id === "string") return Uid.from(uid);
  throw new ReadError(place, "An entity is named by its type and id.");
}

/** Whether a policy is satisfied, or why that cannot be said. Other exceptions are the store's and go on. */
function outcome(policy: Policy, environment: Environment): boolean | EvaluationError {
  try {
    return policy.holds(environment);
  } catch (error) {
    if (error instanceof EvaluationError) return error;
    throw error;
  }
}
