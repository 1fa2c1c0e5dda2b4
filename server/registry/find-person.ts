import type { Grant } from "@countersign/proof/grant";
import type { Change, DatabaseDeps } from "../database/index.ts";
import { cutPage } from "../http/index.ts";
import { Fault, type PersonId } from "../lib/index.ts";
import type { Page } from "./page.ts";
import type { Person } from "./person.ts";
import { groupsNamed, peopleAfter, personByEmail, personById, requirePerson } from "./store-people.ts";

/** The person's record, in whatever state it is, or nothing. */
export const findPerson = (deps: DatabaseDeps, attackerId: string): Promise<Person | undefined> =>
  personById(deps.database, attackerId);

/** What a person is called, for whoever may know that; her id where nobody knows her. */
export const nameOfPerson = async (deps: DatabaseDeps, id: PersonId): Promise<string> =>
  (await findPerson(deps, id))?.name ?? id;

/** The person of this mail address, compared in lower case, or nothing. */
export const findPersonByEmail = (deps: DatabaseDeps, attackerEmail: string): Promise<Person | undefined> =>
  personByEmail(deps.database, attackerEmail.toLowerCase());

/** @throws Fault `not-found` */
export async function personOrRefuse(deps: DatabaseDeps, attackerId: string): Promise<Person> {
  const person = await personById(deps.database, attackerId);
  if (person !== undefined) return person;
  throw new Fault("not-found", "There is no person of this id.", {
    remedy: "List the people, or register this one.",
  });
}

/**
 * The person, if she may act and be acted for.
 * @throws Fault `forbidden`; `not-found`
 */
export async function alivePerson(deps: DatabaseDeps, id: PersonId): Promise<Person> {
  const person = await personOrRefuse(deps, id);
  if (person.status === "active") return person;
  const why = person.status === "left" ? "has left" : "is suspended";
  throw new Fault("forbidden", `The person ${person.id} ${why}.`, {
    remedy: "Ask an administrator.",
    record: { about: { person: person.id } },
  });
}

/** Guards a change: when it commits, the person is active and of this epoch. */
export const requireActivePerson = (change: Change, person: { id: PersonId; epoch: number }): void =>
  requirePerson(change, person);

/** What the person has to give: the grants of all her groups. */
export async function grantsOfPerson(deps: DatabaseDeps, person: Person): Promise<Grant[]> {
  const groups = await groupsNamed(deps.database, person.groups);
  return groups.flatMap((group) => group.grants);
}

/** A page of people in the order of their ids, which is that of their registration. */
export async function listPeople(
  deps: DatabaseDeps,
  page: Page,
): Promise<{ items: Person[]; next?: string }> {
  const rows = await peopleAfter(deps.database, { ...page, limit: page.limit + 1 });
  return cutPage(rows, page.limit, (person) => person.id);
}
