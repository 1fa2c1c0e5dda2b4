import type { Migration } from "../database/index.ts";
import { identityProviderMigration, unlinkedSubjectMigration } from "./tables-identity-providers.ts";

/** What login keeps. Secrets (links, codes, session tokens) are kept only as their SHA-256. The three `store-*.ts` files hold the statements. */
export interface LoginTables {
  passkey: {
    credential: string;
    person: string;
    /** The COSE_Key as the authenticator gave it. */
    public_key: Uint8Array;
    counter: number;
    created: number;
    last_used: number | null;
    label: string;
  };
  link: {
    id: string;
    hash: string;
    kind: string;
    person: string | null;
    expires: number;
    used: number | null;
  };
  challenge: {
    id: string;
    kind: string;
    person: string | null;
    link: string | null;
    value: string;
    expires: number;
    used: number | null;
  };
  session: {
    id: string;
    hash: string;
    person: string;
    epoch: number;
    credential: string;
    started_by: string;
    created: number;
    expires: number;
    last_seen: number;
    verified_at: number;
    ended: number | null;
  };
  role: { person: string; role: string; granted: number };
  terminal_code: { hash: string; session: string; expires: number; used: number | null };
}

type Schema = Parameters<Migration["up"]>[0];
type Types = Parameters<Migration["up"]>[1];

export const loginMigrations: Migration[] = [
  {
    name: "login/0001-login",
    async up(schema, types) {
      await createPasskeys(schema, types);
      await createOneTimeThings(schema, types);
      await createSessions(schema, types);
      await schema
        .createTable("role")
        .addColumn("person", types.text, (column) => column.notNull())
        .addColumn("role", types.text, (column) => column.notNull())
        .addColumn("granted", types.instant, (column) => column.notNull())
        .addPrimaryKeyConstraint("role_key", ["person", "role"])
        .execute();
      await schema.createIndex("role_role").on("role").column("role").execute();
    },
  },
  identityProviderMigration,
  unlinkedSubjectMigration,
];

async function createPasskeys(schema: Schema, types: Types): Promise<void> {
  await schema
    .createTable("passkey")
    .addColumn("credential", types.text, (column) => column.primaryKey())
    .addColumn("person", types.text, (column) => column.notNull())
    .addColumn("public_key", types.bytes, (column) => column.notNull())
    .addColumn("counter", types.integer, (column) => column.notNull())
    .addColumn("created", types.instant, (column) => column.notNull())
    .addColumn("last_used", types.instant)
    .addColumn("label", types.text, (column) => column.notNull())
    .execute();
  await schema.createIndex("passkey_person").on("passkey").column("person").execute();
}

async function createOneTimeThings(schema: Schema, types: Types): Promise<void> {
  await schema
    .createTable("link")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("hash", types.text, (column) => column.notNull().unique())
    .addColumn("kind", types.text, (column) => column.notNull())
    .addColumn("person", types.text)
    .addColumn("expires", types.instant, (column) => column.notNull())
    .addColumn("used", types.instant)
    .execute();
  await schema
    .createTable("challenge")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("kind", types.text, (column) => column.notNull())
    .addColumn("person", types.text)
    .addColumn("link", types.text)
    .addColumn("value", types.text, (column) => column.notNull())
    .addColumn("expires", types.instant, (column) => column.notNull())
    .addColumn("used", types.instant)
    .execute();
  await schema.createIndex("challenge_expires").on("challenge").column("expires").execute();
  await schema
    .createTable("terminal_code")
    .addColumn("hash", types.text, (column) => column.primaryKey())
    .addColumn("session", types.text, (column) => column.notNull())
    .addColumn("expires", types.instant, (column) => column.notNull())
    .addColumn("used", types.instant)
    .execute();
}

async function createSessions(schema: Schema, types: Types): Promise<void> {
  await schema
    .createTable("session")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("hash", types.text, (column) => column.notNull().unique())
    .addColumn("person", types.text, (column) => column.notNull())
    .addColumn("epoch", types.integer, (column) => column.notNull())
    .addColumn("credential", types.text, (column) => column.notNull())
    .addColumn("started_by", types.text, (column) => column.notNull())
    .addColumn("created", types.instant, (column) => column.notNull())
    .addColumn("expires", types.instant, (column) => column.notNull())
    .addColumn("last_seen", types.instant, (column) => column.notNull())
    .addColumn("verified_at", types.instant, (column) => column.notNull())
    .addColumn("ended", types.instant)
    .execute();
  await schema.createIndex("session_person").on("session").column("person").execute();
}
