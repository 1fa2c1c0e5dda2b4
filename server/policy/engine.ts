/**
 * The door to whatever evaluates Cedar: our own compiled form (`compiled.ts`), and its oracle beside it.
 * An engine knows permits, forbids and errors; what follows from them is `decide`'s.
 */

/** A Cedar value in its JSON form. */
export type CedarValue =
  | string
  | number
  | boolean
  | { readonly __extn: { readonly fn: "decimal"; readonly arg: string } }
  | { readonly __entity: EntityRef }
  | readonly CedarValue[]
  | { readonly [attribute: string]: CedarValue };

export interface EntityRef {
  readonly type: string;
  readonly id: string;
}

export interface Entity {
  readonly uid: EntityRef;
  readonly attrs: { readonly [attribute: string]: CedarValue };
  readonly tags?: { readonly [tag: string]: CedarValue };
  readonly parents: readonly EntityRef[];
}

export interface EngineRequest {
  readonly principal: EntityRef;
  readonly action: EntityRef;
  readonly resource: EntityRef;
  readonly context: { readonly [attribute: string]: CedarValue };
  /** Those of this request alone: principal, action and resource with what they are members of. */
  readonly entities: readonly Entity[];
}

export interface Evaluation {
  readonly satisfiedPermits: readonly string[];
  readonly satisfiedForbids: readonly string[];
  /** Policies that could not be evaluated. Cedar skips them; `decide` does not. */
  readonly erroring: readonly { readonly policy: string; readonly message: string }[];
}

/** What holds whatever the unknown values turn out to be, and what depends on them. */
export interface OpenEvaluation extends Evaluation {
  /** Policies that can still turn out either way. */
  readonly undecided: readonly string[];
}

/** One policy set, ready to be asked. Synchronous: a decision never waits. */
export interface Engine {
  /** @throws Error when the request itself cannot be evaluated; the caller then denies */
  evaluate(request: EngineRequest): Evaluation;
  /**
   * The same while members of the context are unknown: absent from the request, and perhaps there or not.
   * @param unknowns each as the names on the way to it, such as `["args", "amount"]`
   */
  evaluateOpen?(request: EngineRequest, unknowns: readonly (readonly string[])[]): OpenEvaluation;
}
