import type { Change, Database } from "../database/index.ts";
import type { PersonId } from "../lib/index.ts";
import type { Passkey } from "./passkey.ts";
import type { LoginTables } from "./tables.ts";

export function insertPasskey(change: Change, passkey: Passkey): void {
  change.add(
    change
      .tables<LoginTables>()
      .insertInto("passkey")
      .values({
        credential: passkey.credential,
        person: passkey.person,
        public_key: passkey.publicKey,
        counter: passkey.counter,
        created: passkey.created,
        last_used: passkey.lastUsed ?? null,
        label: passkey.label,
      }),
  );
}

export async function passkeyByCredential(
  database: Database,
  credential: string,
): Promise<Passkey | undefined> {
  const row = await database
    .tables<LoginTables>()
    .selectFrom("passkey")
    .selectAll()
    .where("credential", "=", credential)
    .executeTakeFirst();
  return row && passkeyOf(row);
}

/** The passkeys of one person. She has a handful; a hundred is the most that is ever read. */
export async function passkeysOf(database: Database, person: PersonId): Promise<Passkey[]> {
  const rows = await database
    .tables<LoginTables>()
    .selectFrom("passkey")
    .selectAll()
    .where("person", "=", person)
    .orderBy("credential")
    .limit(100)
    .execute();
  return rows.map(passkeyOf);
}

/** Moves the counter on, unless another use of the same passkey got in between. */
export function updateCounter(change: Change, passkey: Passkey, counter: number, now: number): void {
  change.add(
    change
      .tables<LoginTables>()
      .updateTable("passkey")
      .set({ counter, last_used: now })
      .where("credential", "=", passkey.credential)
      .where("person", "=", passkey.person)
      .where("counter", "=", passkey.counter),
  );
}

const passkeyOf = (row: LoginTables["passkey"]): Passkey => ({
  credential: row.credential,
  person: row.person as PersonId,
  publicKey: Uint8Array.from(row.public_key),
  counter: row.counter,
  created: row.created,
  lastUsed: row.last_used ?? undefined,
  label: row.label,
});
