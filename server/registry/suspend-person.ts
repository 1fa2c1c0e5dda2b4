import type { Caller, PersonId } from "../lib/index.ts";
import { personSuspended } from "./events.ts";
import type { Person } from "./person.ts";
import { changePersonState } from "./person-transition.ts";
import type { RegistryDeps } from "./registry-deps.ts";

/**
 * Suspends a person: at once nothing can be done by her or for her, until she is resumed.
 * @throws Fault `forbidden`; `not-found`; `conflict` when her state does not allow it
 */
export const suspendPerson = (
  deps: RegistryDeps,
  caller: Caller,
  { id }: { id: PersonId },
): Promise<Person> => changePersonState(deps, caller, id, { transition: "suspend", event: personSuspended });
