import { CedarSet } from "../cedar-set.ts";
import { ReadError } from "../error.ts";
import type { Variable } from "../policy-json.ts";
import { readValue } from "../read-value.ts";
import { emptyRecord } from "../record.ts";
import { byCodePoint } from "../text-order.ts";
import type { Value } from "../value.ts";
import { constant, dynamic, type Evaluate, fold, type Node } from "./node.ts";
import type { Operand } from "./operand.ts";

/** A value written down in the policy. */
export function compileValue(operand: Operand): Node {
  try {
    return constant(readValue(operand.whole(), []));
  } catch (error) {
    if (error instanceof ReadError) throw operand.error(error.message);
    throw error;
  }
}

const variables: ReadonlyMap<string, Node> = new Map([
  ["principal", variable("principal", ({ principal }) => principal)],
  ["action", variable("action", ({ action }) => action)],
  ["resource", variable("resource", ({ resource }) => resource)],
  ["context", variable("context", ({ context }) => context)],
]);

function variable(name: Variable, evaluate: Evaluate): Node {
  return { ...dynamic(evaluate), variable: name };
}

/** `principal`, `action`, `resource` or `context`. */
export function compileVariable(operand: Operand): Node {
  const found = variables.get(operand.string(operand.whole()));
  if (found !== undefined) return found;
  throw operand.error("The variables are principal, action, resource and context.");
}

/** `[a, b, …]`. */
export function compileSet(operand: Operand): Node {
  return collected(operand.nodes(), (values) => CedarSet.of(values));
}

/** `{a: …, b: …}`. Cedar computes members in the order of their names: it shows in which error comes first. */
export function compileRecord(operand: Operand): Node {
  const members = operand.members().sort(([one], [other]) => byCodePoint(one, other));
  const names = members.map(([name]) => operand.string(name));
  return collected(
    members.map(([, node]) => node),
    (values) => recordOf(names, values),
  );
}

function recordOf(names: readonly string[], values: readonly Value[]): Value {
  const record = emptyRecord();
  for (const [position, value] of values.entries()) record[names[position] ?? ""] = value;
  return record;
}

/** Something made of the values of several expressions, computed in order. */
export function collected(nodes: readonly Node[], make: (values: readonly Value[]) => Value): Node {
  const constants = nodes.map((node) => node.constant).filter((value) => value !== undefined);
  if (constants.length === nodes.length) return fold(() => make(constants));
  const [first, second, ...rest] = nodes.map((node) => node.evaluate);
  if (first !== undefined && second !== undefined && rest.length === 0) {
    return dynamic((environment) => make([first(environment), second(environment)]));
  }
  const parts = nodes.map((node) => node.evaluate);
  return dynamic((environment) => make(parts.map((part) => part(environment))));
}
