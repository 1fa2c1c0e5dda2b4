import type { Change } from "../database/index.ts";
import { Fault, type PersonId } from "../lib/index.ts";
import { requireActivePerson } from "./find-person.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { personById, teamNamed } from "./store-people.ts";

/**
 * No owner, no agent: the owner is a person who is registered and active, when the change commits as well.
 * @param what what is owned, for the message: "agent reporter"
 * @throws Fault `invalid`
 */
export async function requireOwner(
  deps: RegistryDeps,
  change: Change,
  what: string,
  owner: PersonId,
): Promise<void> {
  const person = await personById(deps.database, owner);
  if (person?.status !== "active") {
    throw new Fault("invalid", `The ${what} needs an owner who is a registered, active person.`, {
      remedy: "Name such a person as its owner.",
    });
  }
  requireActivePerson(change, person);
}

/** @throws Fault `invalid` when there is no such team */
export async function requireTeam(deps: RegistryDeps, name: string | undefined): Promise<void> {
  if (name === undefined || (await teamNamed(deps.database, name)) !== undefined) return;
  throw new Fault("invalid", `There is no team ${name}.`, { remedy: "Register the team first." });
}
