import type { Change } from "../database/index.ts";
import type { Caller, PersonId } from "../lib/index.ts";
import { personResumed, personSuspended } from "./events.ts";
import type { Person } from "./person.ts";
import { changePersonWithin } from "./person-transition.ts";
import type { RegistryDeps } from "./registry-deps.ts";

/** As `suspendPerson` and `resumePerson`, within a change that does more besides. */
export const switchPersonWithin = (
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  { id, transition }: { readonly id: PersonId; readonly transition: "suspend" | "resume" },
): Promise<Person> =>
  changePersonWithin(deps, change, caller, id, {
    transition,
    event: transition === "suspend" ? personSuspended : personResumed,
  });
