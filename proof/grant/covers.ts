import { constraintCovers } from "./constraint.ts";
import type { Grant } from "./grant.ts";

/**
 * Whether `child` gives nothing that `parent` does not give, and keeps every condition of it. What is not
 * known to be narrower is not. Authority never rests on this alone: at call time every link of a chain
 * must itself permit the call.
 */
export function covers(parent: Grant, child: Grant): boolean {
  return (
    parent.type === child.type &&
    parent.identifier === child.identifier &&
    child.locations.every((location) => parent.locations.includes(location)) &&
    child.actions.every((action) => parent.actions.includes(action)) &&
    coversArguments(parent, child) &&
    keepsConditions(parent, child)
  );
}

/** The children that fit inside no single parent. Two parents together do not cover their union. */
export function uncovered(parents: readonly Grant[], children: readonly Grant[]): Grant[] {
  return children.filter((child) => !parents.some((parent) => covers(parent, child)));
}

/** Whether each child fits inside one of the parents. */
export function coversAll(parents: readonly Grant[], children: readonly Grant[]): boolean {
  return uncovered(parents, children).length === 0;
}

/** The child names every argument that the parent names, and another only where the parent is open. */
function coversArguments(parent: Grant, child: Grant): boolean {
  if (child.open_args && !parent.open_args) return false;
  const [parentArgs, childArgs] = [parent.args ?? {}, child.args ?? {}];
  const namesAll = Object.keys(parentArgs).every((name) => Object.hasOwn(childArgs, name));
  const narrows = Object.entries(childArgs).every(([name, constraint]) => {
    const wider = Object.hasOwn(parentArgs, name) ? parentArgs[name] : undefined;
    return wider === undefined ? parent.open_args === true : constraintCovers(wider, constraint);
  });
  return namesAll && narrows;
}

/** Without a known order of `acr` values, only the same one is as strong. */
function keepsConditions(parent: Grant, child: Grant): boolean {
  const { max_uses: most, approval, acr } = parent;
  const keepsUses = most === undefined || (child.max_uses !== undefined && child.max_uses <= most);
  const keepsApproval = approval === undefined || child.approval === approval;
  const keepsAcr = acr === undefined || child.acr === acr;
  return keepsUses && keepsApproval && keepsAcr;
}
