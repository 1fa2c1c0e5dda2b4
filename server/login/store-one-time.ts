import type { Change, Database } from "../database/index.ts";
import type { Id, PersonId } from "../lib/index.ts";
import type { Challenge, ChallengeKind } from "./challenge.ts";
import type { Link, LinkKind } from "./link.ts";
import type { LoginTables } from "./tables.ts";
import type { TerminalCode } from "./terminal-code.ts";

export function insertLink(change: Change, link: Link): void {
  const { id, hash, kind, person, expires } = link;
  change.add(
    change
      .tables<LoginTables>()
      .insertInto("link")
      .values({ id, hash, kind, person: person ?? null, expires, used: null }),
  );
}

export async function linkByHash(database: Database, hash: string): Promise<Link | undefined> {
  const row = await database
    .tables<LoginTables>()
    .selectFrom("link")
    .selectAll()
    .where("hash", "=", hash)
    .executeTakeFirst();
  return (
    row && {
      id: row.id as Id<"link">,
      hash: row.hash,
      kind: row.kind as LinkKind,
      person: (row.person as PersonId | null) ?? undefined,
      expires: row.expires,
      used: row.used ?? undefined,
    }
  );
}

/** Uses a link up, once. */
export function spendLink(change: Change, link: Link, now: number): void {
  change.add(
    change
      .tables<LoginTables>()
      .updateTable("link")
      .set({ used: now })
      .where("id", "=", link.id)
      .where("used", "is", null),
  );
}

/** Uses the first administrator's link up, once, and only while there is no administrator. */
export function spendFirstLink(change: Change, link: Link, now: number): void {
  change.add(
    change
      .tables<LoginTables>()
      .updateTable("link")
      .set({ used: now })
      .where("id", "=", link.id)
      .where("used", "is", null)
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom("role").select("role.person").where("role.role", "=", "administrator"))),
      ),
  );
}

/** Ends every earlier link to a new administrator, so that at most one can be used. */
export function voidFirstLinks(change: Change, now: number): void {
  change.add(
    change
      .tables<LoginTables>()
      .updateTable("link")
      .set({ used: now })
      .where("kind", "in", ["first-administrator", "administrator"])
      .where("used", "is", null),
    { rows: "any" },
  );
}

export function insertChallenge(change: Change, challenge: Challenge): void {
  const { id, kind, person, link, value, expires } = challenge;
  change.add(
    change
      .tables<LoginTables>()
      .insertInto("challenge")
      .values({ id, kind, person: person ?? null, link: link ?? null, value, expires, used: null }),
  );
}

export async function challengeById(database: Database, id: string): Promise<Challenge | undefined> {
  const row = await database
    .tables<LoginTables>()
    .selectFrom("challenge")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirst();
  return (
    row && {
      id: row.id as Id<"challenge">,
      kind: row.kind as ChallengeKind,
      person: (row.person as PersonId | null) ?? undefined,
      link: (row.link as Id<"link"> | null) ?? undefined,
      value: row.value,
      expires: row.expires,
      used: row.used ?? undefined,
    }
  );
}

/** Uses a challenge up, whatever becomes of the attempt. */
export function burnChallenge(change: Change, challenge: Challenge, now: number): void {
  change.burn(
    change
      .tables<LoginTables>()
      .updateTable("challenge")
      .set({ used: now })
      .where("id", "=", challenge.id)
      .where("used", "is", null),
    "unauthenticated",
  );
}

export function deleteExpiredChallenges(change: Change, now: number): void {
  change.add(change.tables<LoginTables>().deleteFrom("challenge").where("expires", "<", now), {
    rows: "any",
  });
}

export function insertTerminalCode(change: Change, code: TerminalCode): void {
  change.add(
    change
      .tables<LoginTables>()
      .insertInto("terminal_code")
      .values({ ...code, used: null }),
  );
}

export async function terminalCodeByHash(
  database: Database,
  hash: string,
): Promise<TerminalCode | undefined> {
  const row = await database
    .tables<LoginTables>()
    .selectFrom("terminal_code")
    .select(["hash", "session", "expires"])
    .where("hash", "=", hash)
    .where("used", "is", null)
    .executeTakeFirst();
  return row && { ...row, session: row.session as Id<"session"> };
}

/** Uses a code up, once. */
export function spendTerminalCode(change: Change, code: TerminalCode, now: number): void {
  change.add(
    change
      .tables<LoginTables>()
      .updateTable("terminal_code")
      .set({ used: now })
      .where("hash", "=", code.hash)
      .where("used", "is", null),
  );
}
