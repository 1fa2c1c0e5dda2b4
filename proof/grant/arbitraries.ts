import fc from "fast-check";
import type { Json } from "../jcs/index.ts";
import { type Call, type Constraint, type Grant, meet } from "./index.ts";

/** For tests: small worlds, in which constraints, grants and calls meet at their borders. */

const numbers = [-1, -0.0001, 0, 0.5, 1, 2, 2.0001, 3];
const texts = ["", "a", "b", "ab"];
const paths = ["/", "/a", "/a/", "/a/b", "/ab", "/a/b/c", "/b"];
const names = ["com", "example.com", "a.example.com", "b.a.example.com", "badexample.com"];
const blocks = ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "::/0", "fd00::/8", "fd00:1::/32"];
const scalars: Json[] = [null, true, false, ...numbers, ...texts];

const hostile: Json[] = [
  Number.NaN,
  2 ** 53,
  0.00001,
  "\ud800",
  "/a/../b",
  "/a/%2e%2e/b",
  "/a/./b",
  "/a//b",
  "/a\\b",
  "a/b",
  "A.EXAMPLE.COM",
  "example.com.",
  "10.1.2.3",
  "10.1.2.3/8",
  "010.1.2.3",
  "fd00:1::5",
  "::ffff:10.1.2.3",
  "::ffff:a01:203",
];

const scalar = fc.constantFrom(...scalars);
const list = fc.array(scalar, { maxLength: 3 });

/** Values near the borders of the constraints below, and values that no constraint may judge. */
export const anyValue: fc.Arbitrary<Json> = fc.oneof(
  { arbitrary: scalar, weight: 4 },
  fc.constantFrom(...paths, ...names, ...blocks),
  list,
  fc.constantFrom(...hostile),
  fc.record({ k: scalar }, { noNullPrototype: true }),
);

const values = fc.uniqueArray(
  fc.oneof({ arbitrary: scalar, weight: 4 }, fc.constantFrom(...paths, ...names), list),
  {
    minLength: 1,
    maxLength: 4,
    selector: (value) => JSON.stringify(value),
  },
);
const exactNumber = fc.constantFrom(...numbers);

const bare: fc.Arbitrary<Constraint> = fc.oneof(
  fc.constant<Constraint>({ op: "any" }),
  values.map((all): Constraint => ({ op: "eq", value: all[0] ?? null })),
  values.map((all): Constraint => ({ op: "in", values: all })),
  values.map((all): Constraint => ({ op: "not_in", values: all })),
  values.map((all): Constraint => ({ op: "subset", values: all })),
  fc
    .tuple(exactNumber, exactNumber)
    .map(([a, b]): Constraint => ({ op: "range", min: Math.min(a, b), max: Math.max(a, b) })),
  exactNumber.map((min): Constraint => ({ op: "range", min })),
  exactNumber.map((max): Constraint => ({ op: "range", max })),
  fc.constantFrom(...paths).map((path): Constraint => ({ op: "under", path })),
  fc.constantFrom(...names).map((name): Constraint => ({ op: "prefix_dns", name })),
  fc.constantFrom(...blocks).map((block): Constraint => ({ op: "cidr", block })),
  fc.integer({ min: 0, max: 3 }).map((length): Constraint => ({ op: "max_len", length })),
);

export const anyConstraint: fc.Arbitrary<Constraint> = fc
  .tuple(bare, fc.boolean())
  .map(([constraint, optional]) => (optional ? { ...constraint, optional: true } : constraint));

const some = (all: string[]) => fc.subarray(all, { minLength: 1 });
const perhaps = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const argumentNames = fc.constantFrom("x", "y", "__proto__", "toString");

export const anyGrant: fc.Arbitrary<Grant> = fc
  .record({
    locations: some(["https://one", "https://two"]),
    actions: some(["tools/call", "read"]),
    identifier: fc.constantFrom("tool", "tool", "tool", "other"),
    args: perhaps(
      fc.uniqueArray(fc.tuple(argumentNames, anyConstraint), { selector: ([name]) => name, maxLength: 3 }),
    ),
    open_args: perhaps(fc.constant<true>(true)),
    max_uses: perhaps(fc.integer({ min: 1, max: 3 })),
    approval: perhaps(fc.constant<"required">("required")),
    acr: perhaps(fc.constantFrom("mfa", "phr")),
  })
  .map(({ locations, actions, identifier, args, ...conditions }) => {
    const given = Object.entries(conditions).filter(([, value]) => value !== undefined);
    return {
      type: "agent_tool",
      locations,
      actions,
      identifier,
      ...(args === undefined ? {} : { args: Object.fromEntries(args) }),
      ...Object.fromEntries(given),
    };
  });

/** A grant and one narrower than it: random pairs hardly ever are. */
export const anyNarrowing: fc.Arbitrary<[Grant, Grant]> = fc
  .tuple(anyGrant, anyGrant)
  .map(([parent, other]) => {
    const child = meet(parent, { ...other, identifier: parent.identifier, open_args: true });
    return [parent, child ?? parent];
  });

/** Calls that the grant nearly or fully permits: its own arguments, some missing, some more. */
export function callsNear(grant: Grant): fc.Arbitrary<Call> {
  const named = Object.keys(grant.args ?? {});
  const args = fc.uniqueArray(fc.tuple(fc.oneof(argumentNames, fc.constantFrom("x", ...named)), anyValue), {
    selector: ([name]) => name,
    maxLength: 4,
  });
  return fc.record(
    {
      type: fc.constantFrom("agent_tool", "agent_tool", "agent_tool", "scope"),
      location: fc.constantFrom("https://one", "https://two"),
      action: fc.constantFrom("tools/call", "read"),
      identifier: fc.constantFrom("tool", "tool", "other"),
      args: args.map((members): Record<string, Json> => Object.fromEntries(members)),
    },
    { noNullPrototype: true },
  );
}
