import type { z } from "zod";
import { append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, newId, type PersonId } from "../lib/index.ts";
import { accepted } from "./accepted.ts";
import { personRegistered } from "./events.ts";
import { type Person, personRegistration } from "./person.ts";
import { defined } from "./record.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { groupsNamed, insertPerson, personByEmail, personById } from "./store-people.ts";

/**
 * Adds a person to a change that does more besides, such as enrolling her passkey. Whoever calls it has
 * decided that she may be added.
 * @param said her record; `id` where it was made before, else a new one
 * @throws Fault `invalid`; `exists` when the mail address is taken
 */
export async function addPerson(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  { id = newId(deps, "person"), ...said }: { id?: PersonId } & z.input<typeof personRegistration>,
): Promise<Person> {
  const registration = accepted("person", personRegistration, said);
  await refuseTaken(deps, registration.email);
  await requireGroups(deps, registration.groups);
  await requireManager(deps, id, registration.manager);
  const first = { status: "active", epoch: 0, created: deps.clock.now(), revision: 0 } as const;
  const person: Person = { id, ...defined(registration), ...first };
  insertPerson(change, person);
  const { groups, limits, source, manager } = person;
  const body = defined({ groups: [...groups], limits, source, manager });
  append(change, personRegistered(deps, caller, { person: id }, body));
  return person;
}

async function refuseTaken(deps: RegistryDeps, email: string): Promise<void> {
  if ((await personByEmail(deps.database, email)) === undefined) return;
  throw new Fault("exists", "There is a person with this mail address.", {
    remedy: "Change her record instead.",
  });
}

/** @throws Fault `invalid` naming the groups that are not defined */
export async function requireGroups(deps: RegistryDeps, names: readonly string[]): Promise<void> {
  const known = new Set((await groupsNamed(deps.database, names)).map((group) => group.name));
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new Fault("invalid", `There is no group ${unknown.join(", ")}.`, { remedy: "Define it first." });
}

/** @throws Fault `invalid` when the manager is nobody we know, or the person herself */
export async function requireManager(
  deps: RegistryDeps,
  id: PersonId,
  manager: PersonId | undefined,
): Promise<void> {
  if (manager === undefined) return;
  if (manager !== id && (await personById(deps.database, manager)) !== undefined) return;
  throw new Fault("invalid", "The manager is nobody who is registered here, or the person herself.", {
    remedy: "Register the manager first.",
  });
}
