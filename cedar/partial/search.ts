import type { EntityUid, ExprJson, Variable } from "../policy-json.ts";
import { readUid } from "../read-value.ts";
import { type Connective, chain } from "./logic.ts";
import type { Residual } from "./residual.ts";
import type { Two } from "./strict.ts";

/** A set of entities, described so that a store can look them up. */
export type Candidates =
  | { readonly op: "all" }
  | { readonly op: "none" }
  | { readonly op: "=="; readonly entity: EntityUid }
  /** The entity itself, and all below it. */
  | { readonly op: "in"; readonly entity: EntityUid }
  | { readonly op: "is"; readonly type: string }
  /** Those in every part. */
  | { readonly op: "and"; readonly parts: readonly Candidates[] }
  /** Those in some part. */
  | { readonly op: "or"; readonly parts: readonly Candidates[] };

/** Which entities can be allowed. */
export interface Search {
  /** No entity outside of these is allowed. */
  readonly candidates: Candidates;
  /** Whether each of them is allowed; if not, complete the residual with each to know. */
  readonly exact: boolean;
}

/** The variable that stands for the entity that is searched. */
export type Sought = Exclude<Variable, "context">;

const all: Search = { candidates: { op: "all" }, exact: true };
const none: Search = { candidates: { op: "none" }, exact: true };
const needsEvaluation: Search = { candidates: { op: "all" }, exact: false };

/**
 * Reads from a residual which entities, put in the place of an unknown one, can lead to allow: what a search
 * has to look at, instead of trying every entity there is.
 *
 * @param residual of a request in which this entity is unknown; where other parts are unknown too, the
 *   entities are those that can be allowed for some filling of them
 */
export function searchFor(residual: Residual, sought: Sought): Search {
  if (residual.decision !== undefined) return residual.decision === "allow" ? all : none;
  const permits = residual.residuals.filter(({ effect }) => effect === "permit");
  const found =
    residual.permits.length > 0 ? all : either(permits.map(({ condition }) => read(condition, sought)));
  return permits.length === residual.residuals.length ? found : { ...found, exact: false };
}

/** For which entities an expression can be true; if exactly, then it is true for each and errs for none. */
function read(expr: ExprJson, sought: Sought): Search {
  const [[operator, form] = ["", undefined]] = Object.entries(expr);
  const reader = readers[operator];
  return reader === undefined ? needsEvaluation : reader(form as never, sought);
}

const readers: Readonly<Record<string, ((form: never, sought: Sought) => Search) | undefined>> = {
  Value: (value: unknown) => (value === true ? all : value === false ? none : needsEvaluation),
  "&&": (operands: Two, sought) => both(partsOf(operands, "&&", sought)),
  "||": (operands: Two, sought) => either(partsOf(operands, "||", sought)),
  "==": readEquality,
  in: ({ left, right }: Two, sought) => (isSought(left, sought) ? anyOf("in", right) : needsEvaluation),
  contains: ({ left, right }: Two, sought) => (isSought(right, sought) ? anyOf("==", left) : needsEvaluation),
  is: readType,
  "if-then-else": readConditional,
};

function partsOf(operands: Two, operator: Connective, sought: Sought): Search[] {
  return chain(operands, operator).map((part) => read(part, sought));
}

function readEquality({ left, right }: Two, sought: Sought): Search {
  if (isSought(left, sought)) return anyOf("==", right);
  return isSought(right, sought) ? anyOf("==", left) : needsEvaluation;
}

interface TypeTest {
  readonly left: ExprJson;
  readonly entity_type: string;
  readonly in?: ExprJson;
}

function readType({ left, entity_type, in: within }: TypeTest, sought: Sought): Search {
  if (!isSought(left, sought)) return needsEvaluation;
  const typed: Search = { candidates: { op: "is", type: entity_type }, exact: true };
  return within === undefined ? typed : both([typed, anyOf("in", within)]);
}

interface Conditional {
  readonly if: ExprJson;
  readonly then: ExprJson;
  readonly else: ExprJson;
}

/** What is left out of the search by the test may still be let in by the other branch, and the reverse. */
function readConditional({ if: test, then, else: otherwise }: Conditional, sought: Sought): Search {
  const found = either([both([read(test, sought), read(then, sought)]), read(otherwise, sought)]);
  return { ...found, exact: false };
}

/** The entities that an expression names: one, or the elements of a set that is written out. */
function anyOf(op: "==" | "in", expr: ExprJson): Search {
  const named = "Set" in expr ? (expr.Set as readonly ExprJson[]).map(entityIn) : [entityIn(expr)];
  const entities = named.filter((entity) => entity !== undefined);
  if (entities.length < named.length) return needsEvaluation;
  return either(entities.map((entity): Search => ({ candidates: { op, entity }, exact: true })));
}

function entityIn(expr: ExprJson): EntityUid | undefined {
  const value = "Value" in expr ? expr.Value : undefined;
  if (typeof value !== "object" || !("__entity" in value)) return undefined;
  const { type, id } = readUid(value, []);
  return { type, id };
}

function isSought(expr: ExprJson, sought: Sought): boolean {
  return "Var" in expr && expr.Var === sought;
}

/** What every part admits. A part that admits nothing ends it, even where another is not read exactly. */
function both(parts: readonly Search[]): Search {
  const kept = parts.map(({ candidates }) => candidates).filter(({ op }) => op !== "all");
  if (kept.some(({ op }) => op === "none")) return none;
  return { candidates: combined("and", kept) ?? { op: "all" }, exact: parts.every(({ exact }) => exact) };
}

/** What some part admits. */
function either(parts: readonly Search[]): Search {
  const kept = parts.map(({ candidates }) => candidates).filter(({ op }) => op !== "none");
  const exact = parts.every((part) => part.exact);
  if (kept.some(({ op }) => op === "all")) return { candidates: { op: "all" }, exact };
  return { candidates: combined("or", kept) ?? { op: "none" }, exact };
}

function combined(op: "and" | "or", parts: readonly Candidates[]): Candidates | undefined {
  const [only, ...others] = parts;
  return others.length === 0 ? only : { op, parts };
}
