import { isJsonObject, type Json } from "../jcs/index.ts";
import { type Any, any } from "./any.ts";
import { type Cidr, cidr } from "./cidr.ts";
import { isExact } from "./exact-value.ts";
import { type MaxLen, maxLen } from "./max-len.ts";
import { malformed, type NarrowingOperator, type Operator } from "./operator.ts";
import { type PrefixDns, prefixDns } from "./prefix-dns.ts";
import { type Range, range } from "./range.ts";
import { type Under, under } from "./under.ts";
import { type Eq, eq, type In, type NotIn, notIn, oneOf, type Subset, subset } from "./values.ts";

type Finite = Eq | In;
type Narrowing = NotIn | Subset | Range | Under | PrefixDns | Cidr | MaxLen;
type Bare = Any | Finite | Narrowing;

/** What one argument may be. `optional` lets it be absent; otherwise it must be there. */
export type Constraint = { optional?: true } & Bare;

const narrowing: { [C in Narrowing as C["op"]]: NarrowingOperator<C> } = {
  not_in: notIn,
  subset,
  range,
  under,
  prefix_dns: prefixDns,
  cidr,
  max_len: maxLen,
};
const operators: { [C in Bare as C["op"]]: Operator<C> } = { any, eq, in: oneOf, ...narrowing };

/**
 * Reads a constraint.
 *
 * @throws VerificationError `malformed` for unknown operators and members, empty lists, inexact values
 */
export function parseConstraint(attackerValue: Json): Constraint {
  if (!isJsonObject(attackerValue)) throw malformed("a constraint is no object");
  const { op, optional, ...members } = attackerValue;
  if (typeof op !== "string" || !isOp(op)) throw malformed("an operator is unknown");
  if (optional !== undefined && optional !== true) throw malformed("optional is true or absent");
  const operator: Operator<Bare> = operatorOf(op);
  if (Object.keys(members).some((member) => !operator.members.includes(member))) {
    throw malformed("a constraint has a member that its operator does not have");
  }
  return withOptional(operator.parse(members), optional === true);
}

/** Whether the constraint lets this value pass. Values that are not exact pass only where anything does. */
export function constraintPermits(constraint: Constraint, attackerValue: Json): boolean {
  if (constraint.op === "any") return true;
  return isExact(attackerValue) && operatorOf(constraint.op).permits(constraint, attackerValue);
}

/**
 * Whether whatever `child` lets pass, `parent` lets pass too, absence included. What is not known to be
 * narrower is not.
 */
export function constraintCovers(parent: Constraint, child: Constraint): boolean {
  if (child.optional && !parent.optional) return false;
  if (parent.op === "any") return true;
  if (isFiniteSet(child)) return valuesOf(child).every((value) => constraintPermits(parent, value));
  return isNarrowing(parent) && parent.op === child.op && narrowingOf(parent.op).covers(parent, child);
}

/** A constraint that both cover; undefined where nothing (or nothing expressible) is left. */
export function meetConstraints(a: Constraint, b: Constraint): Constraint | undefined {
  const shared = meetBare(a, b);
  return shared && withOptional(shared, a.optional === true && b.optional === true);
}

/** The constraint as a phrase that follows the argument's name. */
export function describeConstraint(constraint: Constraint, show: (value: Json) => string): string {
  const phrase = operatorOf(constraint.op).describe(constraint, show);
  return constraint.optional ? `${phrase} if given` : phrase;
}

function meetBare(a: Constraint, b: Constraint): Bare | undefined {
  if (a.op === "any") return b;
  if (b.op === "any") return a;
  if (isFiniteSet(a)) return onlyPermitted(a, b);
  if (isFiniteSet(b)) return onlyPermitted(b, a);
  return isNarrowing(a) && a.op === b.op ? narrowingOf(a.op).meet(a, b) : undefined;
}

function onlyPermitted(finite: Finite, by: Constraint): Finite | undefined {
  const values = valuesOf(finite).filter((value) => constraintPermits(by, value));
  if (values.length === 0) return undefined;
  return finite.op === "eq" ? finite : { op: "in", values };
}

function valuesOf(finite: Finite): Json[] {
  return finite.op === "eq" ? [finite.value] : finite.values;
}

function withOptional(constraint: Bare, optional: boolean): Constraint {
  const { optional: _, ...bare } = constraint as Constraint;
  return optional ? { ...bare, optional: true } : bare;
}

function isFiniteSet(constraint: Constraint): constraint is Constraint & Finite {
  return constraint.op === "eq" || constraint.op === "in";
}

function isNarrowing(constraint: Constraint): constraint is Constraint & Narrowing {
  return Object.hasOwn(narrowing, constraint.op);
}

function isOp(op: string): op is Bare["op"] {
  return Object.hasOwn(operators, op);
}

/** The compiler cannot follow that an operator found by `op` fits the constraint with that `op`. */
function operatorOf(op: Bare["op"]): Operator<Bare> {
  return operators[op] as Operator<Bare>;
}

function narrowingOf(op: Narrowing["op"]): NarrowingOperator<Bare> {
  return narrowing[op] as unknown as NarrowingOperator<Bare>;
}
