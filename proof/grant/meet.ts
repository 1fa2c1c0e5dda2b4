import { type Constraint, meetConstraints } from "./constraint.ts";
import { covers } from "./covers.ts";
import type { Grant } from "./grant.ts";
import { limits } from "./limits.ts";

/**
 * What both grants give: a grant that both cover, with the conditions of both. Undefined where nothing is
 * left, or nothing that a grant can express within its limits.
 */
export function meet(a: Grant, b: Grant): Grant | undefined {
  const locations = a.locations.filter((location) => b.locations.includes(location));
  const actions = a.actions.filter((action) => b.actions.includes(action));
  const args = meetArguments(a, b);
  const conditions = meetConditions(a, b);
  if (a.type !== b.type || a.identifier !== b.identifier) return undefined;
  if (locations.length === 0 || actions.length === 0) return undefined;
  if (args === undefined || conditions === undefined) return undefined;
  return { type: a.type, locations, actions, identifier: a.identifier, ...args, ...conditions };
}

/** What both lists give: the meet of every pair, without those that another of them covers. */
export function meetAll(as: readonly Grant[], bs: readonly Grant[]): Grant[] {
  const shared: Grant[] = [];
  for (const a of as) {
    for (const b of bs) {
      const both = meet(a, b);
      if (both === undefined || shared.some((wider) => covers(wider, both))) continue;
      shared.splice(0, shared.length, ...shared.filter((narrower) => !covers(both, narrower)), both);
    }
  }
  return shared;
}

type Arguments = Pick<Grant, "args" | "open_args">;
type Conditions = Pick<Grant, "max_uses" | "approval" | "acr">;

function meetArguments(a: Grant, b: Grant): Arguments | undefined {
  const open: Arguments = a.open_args && b.open_args ? { open_args: true } : {};
  if (a.args === undefined && b.args === undefined) return open;
  const names = new Set([...Object.keys(a.args ?? {}), ...Object.keys(b.args ?? {})]);
  const met: [string, Constraint][] = [];
  if (names.size > limits.arguments) return undefined;
  for (const name of names) {
    const constraint = meetArgument(name, a, b);
    if (constraint === undefined) return undefined;
    met.push([name, constraint]);
  }
  return { args: Object.fromEntries(met), ...open };
}

/** An argument that only one of them names is as that one says, if the other is open; else nothing fits both. */
function meetArgument(name: string, a: Grant, b: Grant): Constraint | undefined {
  const [inA, inB] = [argumentOf(a, name), argumentOf(b, name)];
  if (inA !== undefined && inB !== undefined) return meetConstraints(inA, inB);
  const silent = inA === undefined ? a : b;
  return silent.open_args ? (inA ?? inB) : undefined;
}

function argumentOf({ args }: Grant, name: string): Constraint | undefined {
  return args !== undefined && Object.hasOwn(args, name) ? args[name] : undefined;
}

/** Both conditions hold. Two different `acr` values cannot be joined without an order. */
function meetConditions(a: Grant, b: Grant): Conditions | undefined {
  if (a.acr !== undefined && b.acr !== undefined && a.acr !== b.acr) return undefined;
  const conditions: Conditions = {};
  const uses = [a.max_uses, b.max_uses].filter((most) => most !== undefined);
  const acr = a.acr ?? b.acr;
  if (uses.length > 0) conditions.max_uses = Math.min(...uses);
  if (a.approval ?? b.approval) conditions.approval = "required";
  if (acr !== undefined) conditions.acr = acr;
  return conditions;
}
