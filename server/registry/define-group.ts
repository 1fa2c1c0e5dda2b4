import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { accepted } from "./accepted.ts";
import { requireAdministrator } from "./authority.ts";
import { groupDefined } from "./events.ts";
import { type Group, type GroupDefinition, groupDefinition } from "./group.ts";
import { same } from "./record.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { groupsNamed, insertGroup, replaceGroup } from "./store-people.ts";

/**
 * Says what the people of a group have to give; makes the group where there is none. Saying what stands
 * already changes nothing and is not recorded.
 * @throws Fault `forbidden`; `invalid`
 */
export function defineGroup(
  deps: RegistryDeps,
  caller: Caller,
  attackerDefinition: GroupDefinition,
): Promise<Group> {
  return perform(deps, caller, "group.define", async (change) => {
    requireAdministrator(caller);
    return putGroup(deps, change, caller, attackerDefinition);
  });
}

/** As `defineGroup`, within a change that does more besides. */
export async function putGroup(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  attackerDefinition: GroupDefinition,
): Promise<Group> {
  const { name, grants } = accepted("group", groupDefinition, attackerDefinition);
  const [before] = await groupsNamed(deps.database, [name]);
  if (before !== undefined && same(before.grants, grants)) return before;
  const after: Group = { name, grants, revision: before === undefined ? 0 : before.revision + 1 };
  if (before === undefined) insertGroup(change, after);
  else replaceGroup(change, before, after);
  const was = before === undefined ? {} : { before: [...before.grants] };
  append(change, groupDefined(deps, caller, {}, { group: name, grants, ...was }));
  return after;
}
