import type { ExprJson } from "../policy-json.ts";

const SIMPLEST: readonly ExprJson[] = [
  { Value: true },
  { Value: 0 },
  { Value: "" },
  { Set: [] },
  { Record: {} },
];

/** Each is the expression with one of its parts in its place, or with one part made smaller. */
export function* smallerExpressions(expression: ExprJson): Generator<ExprJson> {
  const text = JSON.stringify(expression, (_, value) => (typeof value === "bigint" ? String(value) : value));
  for (const simple of SIMPLEST) {
    if (JSON.stringify(simple).length < text.length) yield simple;
  }
  const parts = [...partsOf(expression)];
  for (const { part } of parts) yield part;
  for (const { part, replace } of parts) {
    for (const smaller of smallerExpressions(part)) yield replace(smaller);
  }
}

interface Part {
  readonly part: ExprJson;
  /** The whole expression with another one in this part's place. */
  readonly replace: (smaller: ExprJson) => ExprJson;
}

const OPERANDS = ["left", "right", "arg", "if", "then", "else", "in"] as const;

/** The expressions directly inside one. */
function* partsOf(expression: ExprJson): Generator<Part> {
  const [[operator, body] = ["", undefined]] = Object.entries(expression) as [string, unknown][];
  if (typeof body !== "object" || body === null || operator === "Value") return;
  const members: Readonly<Record<string, unknown>> = body as Record<string, unknown>;
  const everyMember = operator === "Record" || Array.isArray(body);
  for (const [name, part] of Object.entries(members)) {
    if (!everyMember && !OPERANDS.some((operand) => operand === name)) continue;
    const replaced = (smaller: ExprJson): unknown =>
      Array.isArray(body) ? body.with(Number(name), smaller) : withMember(members, name, smaller);
    yield {
      part: part as ExprJson,
      replace: (smaller) => ({ [operator]: replaced(smaller) }) as unknown as ExprJson,
    };
  }
}

const withMember = (members: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown =>
  Object.fromEntries(Object.entries(members).map(([each, old]) => [each, each === name ? value : old]));
