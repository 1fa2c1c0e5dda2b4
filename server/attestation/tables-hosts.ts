import type { ColumnTypes, Migration } from "../database/index.ts";

/** Machines, whom their processes are, and what was found out about both. JSON is read in the stores only. */
export interface HostTables {
  host: {
    /** Its path below `/host/` in its SPIFFE ID. */
    name: string;
    /** Made anew whenever the machine joins: what rested on the time before is dead. */
    id: string;
    type: string;
    selectors: string;
    jwk: string;
    thumbprint: string;
    status: string;
    joined: number;
    expires: number;
    /** What attests once only, such as a cloud's instance. */
    once: string | null;
    /** By which revision of what was said about whose word counts it joined. */
    trust: number | null;
  };
  entry: {
    id: string;
    kind: string;
    principal: string;
    name: string;
    selectors: string;
    hosts: string;
    files: string;
    model: string | null;
    ttl: number;
    hint: string | null;
    vouched_by: string;
    revision: number;
  };
  evidence: {
    id: string;
    subject: string;
    at: number;
    shown: string;
    checks: string;
    concluded: string;
  };
  /** The process behind a running copy that a host attests. */
  attested_process: {
    instance: string;
    host: string;
    entry: string;
    pid: number;
    started: string;
    thumbprint: string;
    /** The key that it had before this one: an SVID for it may live yet. */
    earlier: string | null;
    evidence: string;
    expires: number;
  };
  /** A running copy within a process that another copy, the process itself, vouches for. */
  vouched_copy: {
    instance: string;
    voucher: string;
    /** By which entry of its agent; nothing on records from before this was kept. */
    entry: string | null;
  };
}

type Schema = Parameters<Migration["up"]>[0];

export const hostMigrations: readonly Migration[] = [
  {
    name: "attestation/0002-hosts",
    async up(schema, types) {
      await createHosts(schema, types);
      await createEntries(schema, types);
      await createEvidence(schema, types);
      await createProcesses(schema, types);
    },
  },
  {
    name: "attestation/0006-host-trust",
    async up(schema, types) {
      await schema.alterTable("host").addColumn("trust", types.integer).execute();
    },
  },
];

export const vouchingMigrations: readonly Migration[] = [
  {
    name: "attestation/0006-vouched-by-entry",
    async up(schema, types) {
      await schema.alterTable("vouched_copy").addColumn("entry", types.text).execute();
    },
  },
];

async function createHosts(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("host")
    .addColumn("name", types.text, (column) => column.primaryKey())
    .addColumn("id", types.text, (column) => column.notNull().unique())
    .addColumn("type", types.text, (column) => column.notNull())
    .addColumn("selectors", types.json, (column) => column.notNull())
    .addColumn("jwk", types.json, (column) => column.notNull())
    .addColumn("thumbprint", types.text, (column) => column.notNull().unique())
    .addColumn("status", types.text, (column) => column.notNull())
    .addColumn("joined", types.instant, (column) => column.notNull())
    .addColumn("expires", types.instant, (column) => column.notNull())
    .addColumn("once", types.text, (column) => column.unique())
    .execute();
}

async function createEntries(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("entry")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("kind", types.text, (column) => column.notNull())
    .addColumn("principal", types.text, (column) => column.notNull())
    .addColumn("name", types.text, (column) => column.notNull())
    .addColumn("selectors", types.json, (column) => column.notNull())
    .addColumn("hosts", types.json, (column) => column.notNull())
    .addColumn("files", types.json, (column) => column.notNull())
    .addColumn("model", types.json)
    .addColumn("ttl", types.integer, (column) => column.notNull())
    .addColumn("hint", types.text)
    .addColumn("vouched_by", types.json, (column) => column.notNull())
    .addColumn("revision", types.integer, (column) => column.notNull())
    .execute();
  await schema
    .createIndex("entry_name")
    .on("entry")
    .columns(["kind", "principal", "name"])
    .unique()
    .execute();
}

async function createEvidence(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("evidence")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("subject", types.text, (column) => column.notNull())
    .addColumn("at", types.instant, (column) => column.notNull())
    .addColumn("shown", types.text, (column) => column.notNull())
    .addColumn("checks", types.json, (column) => column.notNull())
    .addColumn("concluded", types.text, (column) => column.notNull())
    .execute();
  await schema.createIndex("evidence_subject").on("evidence").columns(["subject", "id"]).execute();
}

async function createProcesses(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("attested_process")
    .addColumn("instance", types.text, (column) => column.primaryKey())
    .addColumn("host", types.text, (column) => column.notNull())
    .addColumn("entry", types.text, (column) => column.notNull())
    .addColumn("pid", types.integer, (column) => column.notNull())
    .addColumn("started", types.text, (column) => column.notNull())
    .addColumn("thumbprint", types.text, (column) => column.notNull().unique())
    .addColumn("earlier", types.text)
    .addColumn("evidence", types.text, (column) => column.notNull())
    .addColumn("expires", types.instant, (column) => column.notNull())
    .execute();
  await schema.createIndex("attested_process_earlier").on("attested_process").column("earlier").execute();
  await schema
    .createIndex("attested_process_host")
    .on("attested_process")
    .columns(["host", "instance"])
    .execute();
  await schema
    .createTable("vouched_copy")
    .addColumn("instance", types.text, (column) => column.primaryKey())
    .addColumn("voucher", types.text, (column) => column.notNull())
    .execute();
  await schema.createIndex("vouched_copy_voucher").on("vouched_copy").column("voucher").execute();
}
