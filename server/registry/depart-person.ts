import type { Caller, PersonId } from "../lib/index.ts";
import { personDeparted } from "./events.ts";
import type { Person } from "./person.ts";
import { changePersonState } from "./person-transition.ts";
import type { RegistryDeps } from "./registry-deps.ts";

/**
 * Records that a person left: as suspended, and for good.
 * @throws Fault `forbidden`; `not-found`; `conflict` when her state does not allow it
 */
export const departPerson = (deps: RegistryDeps, caller: Caller, { id }: { id: PersonId }): Promise<Person> =>
  changePersonState(deps, caller, id, { transition: "depart", event: personDeparted });
