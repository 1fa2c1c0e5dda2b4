import type { Change, Database } from "../database/index.ts";
import type { Id, PersonId, Role } from "../lib/index.ts";
import type { Session } from "./session.ts";
import type { LoginTables } from "./tables.ts";

export function insertSession(change: Change, session: Session, hash: string): void {
  change.add(
    change.tables<LoginTables>().insertInto("session").values({
      id: session.id,
      hash,
      person: session.person,
      epoch: session.epoch,
      credential: session.credential,
      started_by: session.startedBy,
      created: session.created,
      expires: session.expires,
      last_seen: session.lastSeen,
      verified_at: session.verifiedAt,
      ended: null,
    }),
  );
}

export async function sessionByHash(database: Database, hash: string): Promise<Session | undefined> {
  const row = await sessions(database).where("hash", "=", hash).executeTakeFirst();
  return row && sessionOf(row);
}

export async function sessionById(database: Database, id: string): Promise<Session | undefined> {
  const row = await sessions(database).where("id", "=", id).executeTakeFirst();
  return row && sessionOf(row);
}

/** The session must still be open when the change commits. */
export function requireOpenSession(change: Change, session: Session): void {
  change.require(
    change
      .tables<LoginTables>()
      .selectFrom("session")
      .select("id")
      .where("id", "=", session.id)
      .where("ended", "is", null),
    "unauthenticated",
  );
}

export function touchSession(change: Change, session: Session, now: number): void {
  change.add(
    change
      .tables<LoginTables>()
      .updateTable("session")
      .set({ last_seen: now })
      .where("id", "=", session.id)
      .where("last_seen", "<", now),
    { rows: "any" },
  );
}

export function closeSession(change: Change, id: Id<"session">, now: number): void {
  change.add(
    change
      .tables<LoginTables>()
      .updateTable("session")
      .set({ ended: now })
      .where("id", "=", id)
      .where("ended", "is", null),
    { rows: 1, otherwise: "unauthenticated" },
  );
}

const sessions = (database: Database) => database.tables<LoginTables>().selectFrom("session").selectAll();

const sessionOf = (row: LoginTables["session"]): Session => ({
  id: row.id as Id<"session">,
  person: row.person as PersonId,
  epoch: row.epoch,
  credential: row.credential,
  startedBy: row.started_by as Session["startedBy"],
  created: row.created,
  expires: row.expires,
  lastSeen: row.last_seen,
  verifiedAt: row.verified_at,
  ended: row.ended ?? undefined,
});

export async function rolesInStore(database: Database, person: PersonId): Promise<Role[]> {
  const rows = await database
    .tables<LoginTables>()
    .selectFrom("role")
    .select("role")
    .where("person", "=", person)
    .orderBy("role")
    .execute();
  return rows.map((row) => row.role as Role);
}

/** Up to this many who hold a role: enough to know whether there is one, or another one. */
export async function holdersOf(database: Database, role: Role, most: number): Promise<PersonId[]> {
  const rows = await database
    .tables<LoginTables>()
    .selectFrom("role")
    .select("person")
    .where("role", "=", role)
    .orderBy("person")
    .limit(most)
    .execute();
  return rows.map((row) => row.person as PersonId);
}

export function insertRole(change: Change, person: PersonId, role: Role, now: number): void {
  change.add(change.tables<LoginTables>().insertInto("role").values({ person, role, granted: now }));
}

/** Takes a role away; the last administrator's cannot be, whoever else is at it. */
export function deleteRole(change: Change, person: PersonId, role: Role): void {
  const mine = change
    .tables<LoginTables>()
    .deleteFrom("role")
    .where("person", "=", person)
    .where("role", "=", role);
  if (role !== "administrator") return void change.add(mine);
  change.add(
    mine.where(({ exists, selectFrom }) =>
      exists(
        selectFrom("role as other")
          .select("other.person")
          .where("other.role", "=", role)
          .where("other.person", "!=", person),
      ),
    ),
  );
}
