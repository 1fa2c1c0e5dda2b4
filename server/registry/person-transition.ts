import { append, type EventKind, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { Caller, PersonId } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import { requireAdministrator } from "./authority.ts";
import { personOrRefuse } from "./find-person.ts";
import { type PersonTransition, personAfter } from "./lifecycle.ts";
import type { Person } from "./person.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { replacePerson } from "./store-people.ts";

/**
 * Takes a person to another state. Where she loses access, the key of her epoch dies and the next one begins
 * in the same change; what is issued after she is resumed carries the new epoch.
 */
export function changePersonState(
  deps: RegistryDeps,
  caller: Caller,
  id: PersonId,
  switched: PersonSwitch,
): Promise<Person> {
  return perform(deps, caller, `person.${switched.transition}`, (change) =>
    changePersonWithin(deps, change, caller, id, switched),
  );
}

export interface PersonSwitch {
  readonly transition: PersonTransition;
  readonly event: EventKind;
}

/** As `changePersonState`, within a change that does more besides. */
export async function changePersonWithin(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  id: PersonId,
  { transition, event }: PersonSwitch,
): Promise<Person> {
  requireAdministrator(caller);
  const before = await personOrRefuse(deps, id);
  const status = personAfter(id, before.status, transition);
  const ends = before.status === "active";
  const after = { ...before, status, epoch: ends ? before.epoch + 1 : before.epoch };
  replacePerson(change, before, after);
  if (ends) revoke(deps, change, caller, [`person:${id}#${before.epoch}`], `person ${status}`);
  append(change, event(deps, caller, { person: id }, { epoch: after.epoch }));
  return { ...after, revision: before.revision + 1 };
}
