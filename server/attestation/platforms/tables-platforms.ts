import type { Migration } from "../../database/index.ts";

/** By whose word machines and workloads are taken, and who came so. JSON is read in the stores only. */
export interface PlatformTables {
  machine_trust: {
    type: string;
    definition: string;
    /** What was given to ask others with. */
    sealed: Uint8Array | null;
    revision: number;
  };
  platform: {
    name: string;
    /** Made anew whenever anything about it changes: what rested on its word before is dead. */
    id: string;
    issuer: string;
    definition: string;
    sealed: Uint8Array | null;
    revision: number;
  };
  /** Removed by hand, and not taken again since: no declaration brings one back. */
  platform_removed: { name: string };
  platform_binding: { id: string; platform: string; agent: string; claims: string; created: number };
  platform_instance: { instance: string; platform: string; binding: string };
  spent_platform_token: { key: string; expires: number };
}

export const platformMigrations: Migration[] = [
  {
    name: "attestation/0005-platforms",
    async up(schema, types) {
      await schema
        .createTable("machine_trust")
        .addColumn("type", types.text, (column) => column.primaryKey())
        .addColumn("definition", types.json, (column) => column.notNull())
        .addColumn("sealed", types.bytes)
        .addColumn("revision", types.integer, (column) => column.notNull())
        .execute();
      await schema
        .createTable("platform")
        .addColumn("name", types.text, (column) => column.primaryKey())
        .addColumn("id", types.text, (column) => column.notNull().unique())
        .addColumn("issuer", types.text, (column) => column.notNull().unique())
        .addColumn("definition", types.json, (column) => column.notNull())
        .addColumn("sealed", types.bytes)
        .addColumn("revision", types.integer, (column) => column.notNull())
        .execute();
      await schema
        .createTable("platform_binding")
        .addColumn("id", types.text, (column) => column.primaryKey())
        .addColumn("platform", types.text, (column) => column.notNull())
        .addColumn("agent", types.text, (column) => column.notNull())
        .addColumn("claims", types.json, (column) => column.notNull())
        .addColumn("created", types.instant, (column) => column.notNull())
        .addUniqueConstraint("platform_binding_agent", ["agent", "platform"])
        .execute();
      await schema
        .createIndex("platform_binding_platform")
        .on("platform_binding")
        .columns(["platform", "agent"])
        .execute();
      await schema
        .createTable("platform_instance")
        .addColumn("instance", types.text, (column) => column.primaryKey())
        .addColumn("platform", types.text, (column) => column.notNull())
        .addColumn("binding", types.text, (column) => column.notNull())
        .execute();
      await schema
        .createTable("spent_platform_token")
        .addColumn("key", types.text, (column) => column.primaryKey())
        .addColumn("expires", types.instant, (column) => column.notNull())
        .execute();
      await schema
        .createIndex("spent_platform_token_expires")
        .on("spent_platform_token")
        .column("expires")
        .execute();
    },
  },
  {
    name: "attestation/0007-removed-platforms",
    async up(schema, types) {
      await schema
        .createTable("platform_removed")
        .addColumn("name", types.text, (column) => column.primaryKey())
        .execute();
    },
  },
];
