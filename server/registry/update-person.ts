import { append, perform } from "../audit/index.ts";
import { type Caller, Fault, type PersonId } from "../lib/index.ts";
import { accepted } from "./accepted.ts";
import { requireGroups, requireManager } from "./add-person.ts";
import { requireAdministrator } from "./authority.ts";
import { personUpdated } from "./events.ts";
import { personOrRefuse } from "./find-person.ts";
import { type Person, type PersonUpdate, personUpdate } from "./person.ts";
import { changedMembers, defined, withoutNull } from "./record.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { personByEmail, replacePerson } from "./store-people.ts";

/**
 * Says a person's record anew: what is absent stays, `null` takes away. Saying what stands already changes
 * nothing and is not recorded.
 * @throws Fault `forbidden`; `not-found`; `invalid`; `exists` when the mail address is another's
 */
export function updatePerson(
  deps: RegistryDeps,
  caller: Caller,
  { id, update: attackerUpdate }: { id: PersonId; update: PersonUpdate },
): Promise<Person> {
  return perform(deps, caller, "person.update", async (change) => {
    requireAdministrator(caller);
    const before = await personOrRefuse(deps, id);
    const after = withoutNull(before, accepted("person", personUpdate, attackerUpdate));
    const changed = changedMembers(before, after);
    if (changed.length === 0) return before;
    await requireGroups(deps, after.groups);
    await requireManager(deps, id, after.manager);
    if (changed.includes("email")) await refuseAnothers(deps, after);
    replacePerson(change, before, after);
    const { groups, manager, limits } = after;
    const body = defined({ changed, groups: [...groups], manager, limits });
    append(change, personUpdated(deps, caller, { person: id }, body));
    return { ...after, revision: before.revision + 1 };
  });
}

async function refuseAnothers(deps: RegistryDeps, { id, email }: Person): Promise<void> {
  const holder = await personByEmail(deps.database, email);
  if (holder === undefined || holder.id === id) return;
  throw new Fault("exists", "There is another person with this mail address.", {
    remedy: "Give another address.",
  });
}
