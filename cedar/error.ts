/**
 * Why one policy could not be evaluated, in the kinds of Cedar's own evaluator. Such a policy neither permits
 * nor forbids; the decision goes on without it and names it.
 */
export type EvaluationErrorKind =
  | "entity-does-not-exist"
  | "attribute-does-not-exist"
  | "tag-does-not-exist"
  | "type"
  | "overflow"
  | "extension"
  | "arguments"
  | "recursion";

/**
 * Thrown by operators and extension functions. It is not a subclass of Error on purpose: erroring policies are
 * ordinary in Cedar, and collecting a stack for each of them would cost more than the rest of the decision.
 *
 * @see https://docs.cedarpolicy.com/policies/validation.html
 */
export class EvaluationError {
  readonly kind: EvaluationErrorKind;
  readonly message: string;

  constructor(kind: EvaluationErrorKind, message: string) {
    this.kind = kind;
    this.message = message;
  }
}

/** A policy, template or link that cannot be compiled. The whole set is refused. */
export class CompileError extends Error {
  /** The id of the policy, template or link. */
  readonly policy: string;
  /** Where in its JSON form, as a dotted path such as `conditions.0.body.==.left`. */
  readonly path: string;

  constructor(policy: string, path: string, message: string) {
    super(`${policy}: ${message} (at ${path === "" ? "its root" : path})`);
    this.name = "CompileError";
    this.policy = policy;
    this.path = path;
  }
}

/** Entities, a context or a schema that cannot be read. Nothing of the input is used. */
export class ReadError extends Error {
  /** Where in the JSON form, as a dotted path such as `3.attrs.manager`. */
  readonly path: string;

  constructor(path: string, message: string) {
    super(`${message} (at ${path === "" ? "the root" : path})`);
    this.name = "ReadError";
    this.path = path;
  }
}

/** The error of an operand that has another type than the operator takes. Names types, never values. */
export function typeError(expected: string, found: string): EvaluationError {
  return new EvaluationError("type", `expected ${expected}, got ${found}`);
}
