import type { ColumnTypes, Migration } from "../database/index.ts";
import { clientMigrations } from "./tables-clients.ts";
import { codesEdgeMigration, codesMigrations } from "./tables-codes.ts";
import { federationMigrations } from "./tables-federation.ts";
import { partnerMigration } from "./tables-partners.ts";
import { standingMigration } from "./tables-standing.ts";
import { statusMigrations } from "./tables-status.ts";
import { warrantMigration } from "./tables-warrants.ts";

/** The tables of this room. Only its stores name them. */
export interface OauthTables {
  /** One-time proofs that were used, until they are stale by themselves. */
  spent_proof: { key: string; expires: number };
  token: {
    jti: string;
    instance: string;
    agent: string | null;
    strength: string;
    audience: string;
    task: string | null;
    edge: string | null;
    rev: string;
    granted: string;
    standing: number | null;
    issued: number;
    expires: number;
  };
  /** Uses of counted grants, per token and position of the grant in it. */
  token_count: { jti: string; position: number; used: number; most: number };
  token_use: {
    action: string;
    jti: string;
    tool: string;
    /** Unsalted, to find the call that returned: it stays here and enters no event and no answer. */
    args_hash: string;
    service: string;
    called_at: number;
    outcome: string | null;
    returned_at: number | null;
  };
  /** When a pending approval was last asked about. */
  approval_poll: { approval: string; at: number };
}

type Schema = Parameters<Migration["up"]>[0];

export const oauthMigrations: Migration[] = [
  {
    name: "oauth/0001-tokens",
    async up(schema, types) {
      await createProofs(schema, types);
      await createToken(schema, types);
      await createUses(schema, types);
    },
  },
  ...clientMigrations,
  warrantMigration,
  partnerMigration,
  ...statusMigrations,
  ...codesMigrations,
  ...federationMigrations,
  standingMigration,
  codesEdgeMigration,
];

async function createProofs(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("spent_proof")
    .addColumn("key", types.text, (column) => column.primaryKey())
    .addColumn("expires", types.instant, (column) => column.notNull())
    .execute();
  await schema.createIndex("spent_proof_expires").on("spent_proof").column("expires").execute();
  await schema
    .createTable("approval_poll")
    .addColumn("approval", types.text, (column) => column.primaryKey())
    .addColumn("at", types.instant, (column) => column.notNull())
    .execute();
}

async function createToken(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("token")
    .addColumn("jti", types.text, (column) => column.primaryKey())
    .addColumn("instance", types.text, (column) => column.notNull())
    .addColumn("agent", types.text)
    .addColumn("strength", types.text, (column) => column.notNull())
    .addColumn("audience", types.text, (column) => column.notNull())
    .addColumn("task", types.text)
    .addColumn("edge", types.text)
    .addColumn("rev", types.json, (column) => column.notNull())
    .addColumn("granted", types.json, (column) => column.notNull())
    .addColumn("issued", types.instant, (column) => column.notNull())
    .addColumn("expires", types.instant, (column) => column.notNull())
    .execute();
  await schema.createIndex("token_standing").on("token").columns(["agent", "audience", "expires"]).execute();
}

async function createUses(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("token_count")
    .addColumn("jti", types.text, (column) => column.notNull())
    .addColumn("position", types.integer, (column) => column.notNull())
    .addColumn("used", types.integer, (column) => column.notNull())
    .addColumn("most", types.integer, (column) => column.notNull())
    .addPrimaryKeyConstraint("token_count_key", ["jti", "position"])
    .execute();
  await schema
    .createTable("token_use")
    .addColumn("action", types.text, (column) => column.primaryKey())
    .addColumn("jti", types.text, (column) => column.notNull())
    .addColumn("tool", types.text, (column) => column.notNull())
    .addColumn("args_hash", types.text, (column) => column.notNull())
    .addColumn("service", types.text, (column) => column.notNull())
    .addColumn("called_at", types.instant, (column) => column.notNull())
    .addColumn("outcome", types.text)
    .addColumn("returned_at", types.instant)
    .execute();
  await schema.createIndex("token_use_jti").on("token_use").columns(["jti", "action"]).execute();
}
