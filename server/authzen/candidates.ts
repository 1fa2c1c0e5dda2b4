import type { Entity, ExprJson, ValueJson } from "@countersign/cedar";
import type { Directory } from "./directory.ts";

/** Those who can satisfy a condition: perhaps not all do, but nobody else does. Nothing: it may be anybody. */
export type Candidates = readonly Entity[] | undefined;

/** What is sought: the variable that stands for it in a condition, its type, and where to look. */
export interface Seeking {
  readonly variable: "principal" | "resource";
  readonly type: string;
  readonly directory: Directory;
}

/** The operators that are looked into. An expression has one; functions of extensions are none of these. */
interface Operators {
  readonly Value: ValueJson;
  readonly Var: string;
  readonly Set: readonly ExprJson[];
  readonly "&&": Two;
  readonly "||": Two;
  readonly "==": Two;
  readonly in: Two;
  readonly contains: Two;
  readonly is: { readonly left: ExprJson; readonly entity_type: string; readonly in?: ExprJson };
  readonly ".": { readonly left: ExprJson; readonly attr: string };
}

interface Two {
  readonly left: ExprJson;
  readonly right: ExprJson;
}

const operatorOf = (expr: ExprJson): Partial<Operators> => expr as Partial<Operators>;

/**
 * Who can satisfy what remains of a policy, by the indexes of the directory: those it names, those in the
 * groups it names, those whose attributes have the values that it names.
 */
export function candidatesFor(condition: ExprJson, seeking: Seeking): Candidates {
  const operator = operatorOf(condition);
  if (operator["&&"] !== undefined) return fewer(sides(operator["&&"], seeking));
  if (operator["||"] !== undefined) return together(sides(operator["||"], seeking));
  if (operator["=="] !== undefined) return equal(operator["=="], seeking);
  if (operator.in !== undefined) return within(operator.in, seeking);
  if (operator.is !== undefined) return typed(operator.is, seeking);
  if (operator.contains !== undefined) return containing(operator.contains, seeking);
  return operator.Value === false ? [] : undefined;
}

const sides = ({ left, right }: Two, seeking: Seeking): [Candidates, Candidates] => [
  candidatesFor(left, seeking),
  candidatesFor(right, seeking),
];

/** Both must hold, so either's candidates will do: the shorter list is looked through faster. */
function fewer([one, other]: [Candidates, Candidates]): Candidates {
  if (one === undefined || other === undefined) return one ?? other;
  return one.length <= other.length ? one : other;
}

const together = ([one, other]: [Candidates, Candidates]): Candidates =>
  one === undefined || other === undefined ? undefined : [...one, ...other];

/** `principal == User::"x"`, `principal.role == "editor"`, either way round. */
function equal({ left, right }: Two, seeking: Seeking): Candidates {
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    const value = literalIn(other);
    if (value === undefined) continue;
    if (isSought(one, seeking)) return typeof value === "object" ? named(value, seeking) : [];
    const attribute = attributeOf(one, seeking);
    if (attribute !== undefined) return seeking.directory.holding(seeking.type, attribute, value);
  }
  return undefined;
}

function named({ type, id }: Uid, seeking: Seeking): readonly Entity[] {
  if (type !== seeking.type) return [];
  return seeking.directory.ofId(type, id);
}

/** `principal in Group::"x"`, or in any of several. */
function within({ left, right }: Two, seeking: Seeking): Candidates {
  if (!isSought(left, seeking)) return undefined;
  const groups = (operatorOf(right).Set ?? [right]).map(literalIn);
  const found: Entity[] = [];
  for (const group of groups) {
    if (typeof group !== "object") return undefined;
    found.push(...seeking.directory.within(seeking.type, group));
  }
  return found;
}

function typed({ left, entity_type, in: group }: Operators["is"], seeking: Seeking): Candidates {
  if (!isSought(left, seeking)) return undefined;
  if (entity_type !== seeking.type) return [];
  return group === undefined ? undefined : within({ left, right: group }, seeking);
}

/** `principal.roles.contains("editor")` */
function containing({ left, right }: Two, seeking: Seeking): Candidates {
  const attribute = attributeOf(left, seeking);
  const value = literalIn(right);
  if (attribute === undefined || value === undefined) return undefined;
  return seeking.directory.holding(seeking.type, attribute, value);
}

const isSought = (expr: ExprJson, { variable }: Seeking): boolean => operatorOf(expr).Var === variable;

/** The name in `principal.name`, where that is what an expression is. */
function attributeOf(expr: ExprJson, seeking: Seeking): string | undefined {
  const access = operatorOf(expr)["."];
  return access !== undefined && isSought(access.left, seeking) ? access.attr : undefined;
}

/** A reference to an entity. */
export interface Uid {
  readonly type: string;
  readonly id: string;
}

/** A value by which the directory can be asked: text, a number, a truth or an entity. */
function literalIn(expr: ExprJson): string | number | bigint | boolean | Uid | undefined {
  const { Value: value } = operatorOf(expr);
  if (typeof value !== "object") return value;
  return "__entity" in value ? (value.__entity as unknown as Uid) : undefined;
}
