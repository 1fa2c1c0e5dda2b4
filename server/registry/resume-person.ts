import type { Caller, PersonId } from "../lib/index.ts";
import { personResumed } from "./events.ts";
import type { Person } from "./person.ts";
import { changePersonState } from "./person-transition.ts";
import type { RegistryDeps } from "./registry-deps.ts";

/**
 * Lets a suspended person act again. What was issued for her before stays dead.
 * @throws Fault `forbidden`; `not-found`; `conflict` when her state does not allow it
 */
export const resumePerson = (deps: RegistryDeps, caller: Caller, { id }: { id: PersonId }): Promise<Person> =>
  changePersonState(deps, caller, id, { transition: "resume", event: personResumed });
