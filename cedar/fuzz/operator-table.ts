import type { ExprJson, PatternElement, PolicyJson, ValueJson } from "../policy-json.ts";
import type { World } from "./world.ts";
import { binary, call, conditional, unary } from "./writer.ts";

const alice = { __entity: { type: "User", id: "alice" } };
const team = { __entity: { type: "Group", id: "team" } };
const nobody = { __entity: { type: "User", id: "nobody" } };
const extn = (fn: string, arg: string): ValueJson => ({ __extn: { fn, arg } });
const many = (from: number): number[] => Array.from({ length: 12 }, (_, i) => from + i);

/** Values of every type, near one another and at every edge: each meets each under every operator. */
const VALUES: readonly ValueJson[] = [
  true,
  false,
  ...[0, 1, -1, 2, 3037000500, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  ...[2n ** 53n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 53n), -(2n ** 63n)],
  ...["", "a", "aa", "aba", "b", "a*", "__proto__"],
  ...[alice, team, nobody, { __entity: { type: "Group", id: "alice" } }],
  ...[[], [1], [1, 2], [2, 1, 1], [1, "a"], [[1], [2]], [alice], [team, nobody], [alice, 1]],
  ...[many(0), many(6), many(0).map(String), [[1, 2], [2, 1], { a: 1 }]],
  ...[many(0).map((i) => ({ __entity: { type: "Group", id: `g${i}` } })), [extn("decimal", "1.0")]],
  ...[{}, { a: 1 }, { a: 1, b: 2 }, { a: true, __proto__x: 1 }, { a: [1, 2] }, { a: [2, 1] }, { b: 1 }],
  ...[extn("decimal", "1.0"), extn("decimal", "1.00"), extn("decimal", "1.0001"), extn("ip", "10.0.0.1")],
  ...[extn("ip", "10.0.0.0/8"), extn("ip", "::1"), extn("datetime", "2024-01-01"), extn("duration", "1d")],
  ...[extn("datetime", "2024-01-01T00:00:00.001Z"), extn("duration", "24h"), extn("duration", "86400001ms")],
];

const ENTITIES = [
  {
    uid: alice.__entity,
    attrs: { a: true, b: [1] },
    tags: { a: true, "": "empty" },
    parents: [team.__entity, ...many(0).map((i) => ({ type: "Group", id: `g${i}` }))],
  },
  { uid: team.__entity, attrs: {}, parents: [{ type: "Group", id: "alice" }] },
];

const REQUEST = {
  principal: alice.__entity,
  action: { type: "Action", id: "view" },
  resource: team.__entity,
  context: Object.fromEntries(VALUES.map((value, i) => [`v${i}`, value])),
};

type Side = (i: number) => ExprJson;

/** What stands at the two sides: folded when compiled, or read when asked, or one of each in turn. */
const SIDES: Readonly<Record<string, (left: number, right: number) => readonly [Side, Side]>> = {
  "two literals": () => [literal, literal],
  "two values of the request": () => [attribute, attribute],
  "a literal and a value of the request": (i, j) =>
    (i + j) % 2 === 0 ? [literal, attribute] : [attribute, literal],
};

function literal(i: number): ExprJson {
  const value = VALUES[i];
  if (value === undefined) throw new RangeError(`there is no value ${i}`);
  return { Value: value };
}

function attribute(i: number): ExprJson {
  return { ".": { left: { Var: "context" }, attr: `v${i}` } };
}

const QUESTIONS = [
  ...([
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "&&",
    "||",
    "in",
    "contains",
    "containsAll",
    "containsAny",
  ] as const),
  "hasTag",
] as const;
const METHODS = ["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual", "isInRange"] as const;

const PAIRS = pairsWorthAsking();

/** Many expressions under one name: each is to be as cedar-wasm has it. */
export interface Table {
  readonly name: string;
  readonly expressions: readonly ExprJson[];
}

/** Every operator on values of every type. */
export function tables(): Table[] {
  const two = Object.entries(SIDES).map(([name, sides]) => ({ name, expressions: tableOfTwo(sides) }));
  return [
    ...two,
    { name: "a literal", expressions: tableOfOne(literal) },
    { name: "a value of the request", expressions: tableOfOne(attribute) },
  ];
}

/** A table as one world: each expression is the condition of a policy, so that all are asked at once. */
export function worldOf({ expressions }: Table): World {
  const policies = Object.fromEntries(expressions.map((body, i) => [`p${i}`, policy(body)]));
  const [form, contexts] = ["json", "written"] as const;
  return { form, contexts, source: { policies }, entities: ENTITIES, requests: [REQUEST] };
}

function tableOfTwo(sides: (typeof SIDES)[string]): ExprJson[] {
  return PAIRS.flatMap(([i, j]) => {
    const [left, right] = sides(i, j);
    const asked = questions(left(i), right(j), kindOf(i).startsWith("fn"));
    const [one, other] = [VALUES[i], VALUES[j]];
    if (!isLong(one) || !isLong(other)) return asked;
    return [...asked, ...calculations(left(i), right(j), BigInt(one), BigInt(other))];
  });
}

/** A literal alone, at either end, at both, between, and where there is room for one and two are wanted. */
function patternsOf(text: string): PatternElement[][] {
  const [literal, any] = [{ Literal: text }, "Wildcard"] as const;
  return [
    [literal],
    [literal, any],
    [any, literal],
    [any, literal, any],
    [literal, any, literal],
    [any, literal, any, literal],
    [any, literal, any, literal, any],
    [literal, any, literal, any, literal],
  ];
}

function tableOfOne(side: Side): ExprJson[] {
  const literals = ["", "a", "b", "\\", "*"] as const;
  const patterns = literals.flatMap(patternsOf);
  return VALUES.flatMap((value, i) => [
    unary("!", side(i)),
    unary("isEmpty", side(i)),
    binary("==", unary("neg", side(i)), { Value: isLong(value) ? clamped(-BigInt(value)) : 0 }),
    ...["a", "b", "__proto__"].flatMap((attr): ExprJson[] => [
      { has: { left: side(i), attr } },
      { ".": { left: side(i), attr } },
      binary("==", { ".": { left: side(i), attr } }, { Value: 1 }),
      { has: { left: side(i), attr: [attr, "a"] } },
    ]),
    ...["User", "Group", "__proto__"].map(
      (entity_type): ExprJson => ({ is: { left: side(i), entity_type } }),
    ),
    ...patterns.map((pattern) => ({ like: { left: side(i), pattern } }) as ExprJson),
    ...["isIpv4", "isIpv6", "isLoopback", "isMulticast"].map((method) => call(method, side(i))),
    ...["decimal", "ip", "datetime", "duration"].map((make) => binary("==", call(make, side(i)), side(i))),
    ...["toDate", "toTime"].map((method) => binary("==", call(method, side(i)), side(i))),
    ...["toDays", "toHours", "toMinutes", "toSeconds", "toMilliseconds"].flatMap((method) =>
      [1, 24, 1440, 86_400, 86_400_000].map((Value) => binary("==", call(method, side(i)), { Value })),
    ),
  ]);
}

/** Everything that can be asked of two values. Methods of extension types only where one is. */
function questions(left: ExprJson, right: ExprJson, methods: boolean): ExprJson[] {
  return [
    ...QUESTIONS.map((operator) => binary(operator, left, right)),
    ...(methods ? METHODS.map((method) => call(method, left, right)) : []),
    binary("==", binary("getTag", left, right), { Value: true }),
    binary("==", conditional(left, right, { Value: 7 }), { Value: 1 }),
    conditional(left, { Value: true }, right),
    { is: { left, entity_type: "User", in: right } },
  ];
}

/** Each result, and the one beside it. */
function calculations(left: ExprJson, right: ExprJson, one: bigint, other: bigint): ExprJson[] {
  const results = { "+": one + other, "-": one - other, "*": one * other };
  return (["+", "-", "*"] as const).flatMap((operator) =>
    [results[operator], results[operator] + 1n].map((result) =>
      binary("==", binary(operator, left, right), { Value: clamped(result) }),
    ),
  );
}

/** Which type a value is of, as far as this test cares. */
function kindOf(i: number): string {
  const value = VALUES[i];
  if (isLong(value)) return "long";
  if (Array.isArray(value)) return "set";
  if (typeof value !== "object") return typeof value;
  if ("__entity" in value) return "entity";
  return "__extn" in value ? `fn ${(value as { __extn: { fn: string } }).__extn.fn}` : "record";
}

/** Of the same type, or each the first of its type; or a set and what it might contain, or an entity and what it might be in. */
function pairsWorthAsking(): [number, number][] {
  const kinds = VALUES.map((_, i) => kindOf(i));
  const isFirst = (i: number): boolean => kinds.indexOf(kinds[i] ?? "") === i;
  return VALUES.flatMap((_, i) =>
    VALUES.map((__, j): [number, number] => [i, j]).filter(
      ([, j]) =>
        kinds[i] === kinds[j] ||
        (isFirst(i) && isFirst(j)) ||
        kinds[i] === "set" ||
        (kinds[i] === "entity" && (kinds[j] === "set" || kinds[j] === "string")),
    ),
  );
}

function isLong(value: ValueJson | undefined): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** A result beyond 64 bits cannot be written down; the expression errs before it is compared. */
const clamped = (result: bigint): bigint => BigInt.asIntN(64, result);

function policy(body: ExprJson): PolicyJson {
  const any = { op: "All" } as const;
  return {
    effect: "permit",
    principal: any,
    action: any,
    resource: any,
    conditions: [{ kind: "when", body }],
  };
}
