import type { Change, Database, Migration } from "../database/index.ts";
import { artifactMigrations } from "./artifacts/tables-artifacts.ts";
import type { JoinToken } from "./join-token.ts";
import { modelMigrations } from "./models/tables-models.ts";
import { platformMigrations } from "./platforms/tables-platforms.ts";
import { hostMigrations, vouchingMigrations } from "./tables-hosts.ts";

export interface AttestationTables {
  join_token: {
    id: string;
    hash: string;
    kind: string;
    principal: string;
    expires: number;
    used: number | null;
  };
}

export const attestationMigrations: Migration[] = [
  {
    name: "attestation/0001-join-token",
    async up(schema, types) {
      await schema
        .createTable("join_token")
        .addColumn("id", types.text, (column) => column.primaryKey())
        .addColumn("hash", types.text, (column) => column.notNull().unique())
        .addColumn("kind", types.text, (column) => column.notNull())
        .addColumn("principal", types.text, (column) => column.notNull())
        .addColumn("expires", types.instant, (column) => column.notNull())
        .addColumn("used", types.instant)
        .execute();
    },
  },
  ...hostMigrations,
  ...artifactMigrations,
  ...modelMigrations,
  ...platformMigrations,
  ...vouchingMigrations,
];

export function insertJoinToken(change: Change, { used = undefined, ...token }: JoinToken): void {
  change.add(
    change
      .tables<AttestationTables>()
      .insertInto("join_token")
      .values({ ...token, used: used ?? null }),
  );
}

export async function joinTokenByHash(database: Database, hash: string): Promise<JoinToken | undefined> {
  const tokens = database.tables<AttestationTables>().selectFrom("join_token").selectAll();
  const row = await tokens.where("hash", "=", hash).executeTakeFirst();
  if (row === undefined) return undefined;
  const { used, ...token } = row as Omit<JoinToken, "used"> & { used: number | null };
  return { ...token, ...(used === null ? {} : { used }) };
}

/** Uses the token up, if nobody did so before: of many who try at once, one does. */
export function spendJoinToken(change: Change, { id }: JoinToken, now: number): void {
  const update = change.tables<AttestationTables>().updateTable("join_token").set({ used: now });
  change.add(update.where("id", "=", id).where("used", "is", null).where("expires", ">", now));
}
