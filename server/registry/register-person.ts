import { perform } from "../audit/index.ts";
import type { Caller } from "../lib/index.ts";
import { addPerson } from "./add-person.ts";
import { requireAdministrator } from "./authority.ts";
import type { Person, PersonRegistration } from "./person.ts";
import type { RegistryDeps } from "./registry-deps.ts";

/**
 * Registers a person. She cannot sign in before she has enrolled a passkey.
 * @throws Fault `forbidden`; `invalid`; `exists` when the mail address is taken
 */
export function registerPerson(
  deps: RegistryDeps,
  caller: Caller,
  attackerRegistration: Partial<PersonRegistration> & Pick<PersonRegistration, "name" | "email">,
): Promise<Person> {
  return perform(deps, caller, "person.register", async (change) => {
    requireAdministrator(caller);
    return addPerson(deps, change, caller, attackerRegistration);
  });
}
