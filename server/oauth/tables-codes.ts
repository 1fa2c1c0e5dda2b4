import type { ColumnTypes, Migration } from "../database/index.ts";

/** What people are asked to give to interactive clients, and the refresh tokens that follow. */
export interface CodesTables {
  authorization_request: {
    id: string;
    person: string;
    session: string;
    agent: string;
    client_id: string;
    redirect_uri: string;
    state: string | null;
    code_challenge: string;
    dpop_jkt: string | null;
    resource: string;
    purpose: string | null;
    offered: string;
    begun: number;
    expires: number;
    task: string | null;
    edge: string | null;
    code_hash: string | null;
    code_expires: number | null;
    code_used: number | null;
    instance: string | null;
    jkt: string | null;
    ended: number | null;
  };
  refresh_token: { hash: string; request: string; issued: number; used: number | null };
}

type Schema = Parameters<Migration["up"]>[0];

export const codesMigrations: Migration[] = [{ name: "oauth/0004-codes", up: createCodes }];

/** A token names the delegation that it rests on; from there its client is looked up. */
export const codesEdgeMigration: Migration = {
  name: "oauth/0009-codes-edge",
  async up(schema) {
    const index = schema.createIndex("authorization_request_edge").on("authorization_request");
    await index.column("edge").execute();
  },
};

async function createCodes(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("authorization_request")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("person", types.text, (column) => column.notNull())
    .addColumn("session", types.text, (column) => column.notNull())
    .addColumn("agent", types.text, (column) => column.notNull())
    .addColumn("client_id", types.text, (column) => column.notNull())
    .addColumn("redirect_uri", types.text, (column) => column.notNull())
    .addColumn("state", types.text)
    .addColumn("code_challenge", types.text, (column) => column.notNull())
    .addColumn("dpop_jkt", types.text)
    .addColumn("resource", types.text, (column) => column.notNull())
    .addColumn("purpose", types.text)
    .addColumn("offered", types.json, (column) => column.notNull())
    .addColumn("begun", types.instant, (column) => column.notNull())
    .addColumn("expires", types.instant, (column) => column.notNull())
    .addColumn("task", types.text)
    .addColumn("edge", types.text)
    .addColumn("code_hash", types.text, (column) => column.unique())
    .addColumn("code_expires", types.instant)
    .addColumn("code_used", types.instant)
    .addColumn("instance", types.text)
    .addColumn("jkt", types.text)
    .addColumn("ended", types.instant)
    .execute();
  await schema
    .createIndex("authorization_request_expires")
    .on("authorization_request")
    .column("expires")
    .execute();
  await schema
    .createTable("refresh_token")
    .addColumn("hash", types.text, (column) => column.primaryKey())
    .addColumn("request", types.text, (column) => column.notNull())
    .addColumn("issued", types.instant, (column) => column.notNull())
    .addColumn("used", types.instant)
    .execute();
  await schema.createIndex("refresh_token_request").on("refresh_token").column("request").execute();
}
