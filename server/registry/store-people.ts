import type { Change, Database } from "../database/index.ts";
import type { PersonId } from "../lib/index.ts";
import type { Group } from "./group.ts";
import type { Page } from "./page.ts";
import type { Person } from "./person.ts";
import type { RegistryTables } from "./tables.ts";
import type { Team } from "./team.ts";

const rowOf = (person: Person): RegistryTables["person"] => ({
  ...person,
  groups: JSON.stringify(person.groups),
  department: person.department ?? null,
  manager: person.manager ?? null,
  limits: JSON.stringify(person.limits),
});

const personOf = ({ department, manager, ...row }: RegistryTables["person"]): Person => ({
  ...(row as unknown as Person),
  groups: JSON.parse(row.groups),
  ...(department === null ? {} : { department }),
  ...(manager === null ? {} : { manager: manager as PersonId }),
  limits: JSON.parse(row.limits),
});

export function insertPerson(change: Change, person: Person): void {
  change.add(change.tables<RegistryTables>().insertInto("person").values(rowOf(person)));
}

/** Replaces the record, if nobody else did since it was read. */
export function replacePerson(change: Change, before: Person, after: Person): void {
  const { id, created: _, ...columns } = rowOf({ ...after, revision: before.revision + 1 });
  const update = change.tables<RegistryTables>().updateTable("person").set(columns);
  change.add(update.where("id", "=", id).where("revision", "=", before.revision));
}

export async function personById(database: Database, id: string): Promise<Person | undefined> {
  const row = await database
    .tables<RegistryTables>()
    .selectFrom("person")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirst();
  return row && personOf(row);
}

export async function personByEmail(database: Database, email: string): Promise<Person | undefined> {
  const people = database.tables<RegistryTables>().selectFrom("person").selectAll();
  const row = await people.where("email", "=", email).executeTakeFirst();
  return row && personOf(row);
}

export async function peopleAfter(database: Database, { after = "", limit }: Page): Promise<Person[]> {
  const people = database.tables<RegistryTables>().selectFrom("person").selectAll().where("id", ">", after);
  return (await people.orderBy("id").limit(limit).execute()).map(personOf);
}

/** The person is active, and nothing has ended what was issued for her since `epoch`. */
export function requirePerson(change: Change, { id, epoch }: { id: string; epoch: number }): void {
  const people = change.tables<RegistryTables>().selectFrom("person").select("id").where("id", "=", id);
  change.require(people.where("status", "=", "active").where("epoch", "=", epoch));
}

const groupOf = (row: RegistryTables["person_group"]): Group => ({ ...row, grants: JSON.parse(row.grants) });

export function insertGroup(change: Change, group: Group): void {
  const row = { ...group, grants: JSON.stringify(group.grants) };
  change.add(change.tables<RegistryTables>().insertInto("person_group").values(row));
}

export function replaceGroup(change: Change, before: Group, after: Group): void {
  const columns = { grants: JSON.stringify(after.grants), revision: before.revision + 1 };
  const update = change.tables<RegistryTables>().updateTable("person_group").set(columns);
  change.add(update.where("name", "=", before.name).where("revision", "=", before.revision));
}

export async function groupsNamed(database: Database, names: readonly string[]): Promise<Group[]> {
  if (names.length === 0) return [];
  const groups = database.tables<RegistryTables>().selectFrom("person_group").selectAll();
  return (
    await groups
      .where("name", "in", [...names])
      .orderBy("name")
      .execute()
  ).map(groupOf);
}

export async function groupsAfter(database: Database, { after = "", limit }: Page): Promise<Group[]> {
  const groups = database
    .tables<RegistryTables>()
    .selectFrom("person_group")
    .selectAll()
    .where("name", ">", after);
  return (await groups.orderBy("name").limit(limit).execute()).map(groupOf);
}

const teamOf = (row: RegistryTables["team"]): Team => ({ ...row, lead: row.lead as PersonId });

export function insertTeam(change: Change, team: Team): void {
  change.add(change.tables<RegistryTables>().insertInto("team").values(team));
}

export function replaceTeam(change: Change, before: Team, after: Team): void {
  const columns = { lead: after.lead, zone: after.zone, revision: before.revision + 1 };
  const update = change.tables<RegistryTables>().updateTable("team").set(columns);
  change.add(update.where("name", "=", before.name).where("revision", "=", before.revision));
}

export async function teamNamed(database: Database, name: string): Promise<Team | undefined> {
  const teams = database.tables<RegistryTables>().selectFrom("team").selectAll();
  const row = await teams.where("name", "=", name).executeTakeFirst();
  return row && teamOf(row);
}

export async function teamsAfter(database: Database, { after = "", limit }: Page): Promise<Team[]> {
  const teams = database.tables<RegistryTables>().selectFrom("team").selectAll().where("name", ">", after);
  return (await teams.orderBy("name").limit(limit).execute()).map(teamOf);
}
