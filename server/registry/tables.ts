import type { ColumnTypes, Migration } from "../database/index.ts";
import { type AccountTables, accountMigration } from "./tables-accounts.ts";
import { type ChangeTables, changeMigration } from "./tables-changes.ts";
import { type LifecycleColumns, lifecycleMigrations, type TaxonomyColumns } from "./tables-lifecycle.ts";

/** The registry's tables. JSON is read and written in the stores only. */
export interface RegistryTables extends AccountTables, ChangeTables {
  person: {
    id: string;
    name: string;
    email: string;
    groups: string;
    department: string | null;
    manager: string | null;
    limits: string;
    status: string;
    source: string;
    epoch: number;
    created: number;
    revision: number;
  };
  person_group: { name: string; grants: string; revision: number };
  agent: LifecycleColumns &
    TaxonomyColumns & {
      name: string;
      class: string;
      purpose: string;
      environment: string;
      region: string | null;
      version: string | null;
      model: string | null;
      deployment: string | null;
      owner: string;
      team: string | null;
      created: number;
      last_active: number | null;
      expires: number | null;
      status: string;
      grants: string;
      delegation: string;
      strength: string | null;
      client: string | null;
      /** The client id of its own, where it has one: no two agents share one. */
      client_id: string | null;
      epoch: number;
      revision: number;
      parent: string | null;
      under: string | null;
      /** Since when it counts no more among its parent's children: it was found to be over. */
      uncounted_since: number | null;
    };
  service: {
    id: string;
    name: string;
    owner: string;
    resources: string;
    status: string;
    epoch: number;
    created: number;
    revision: number;
  };
  team: { name: string; lead: string; zone: string; revision: number };
  instance: {
    id: string;
    kind: string;
    principal: string;
    thumbprint: string;
    jwk: string;
    strength: string;
    enrolled_at: number;
    expires: number;
    status: string;
    vouched: number;
    /** 1 where it has this SPIFFE ID whenever it comes, by whoever vouches for it. */
    keeps_id: number;
    /** The task that it was made for, by its person; it can do nothing else. */
    task: string | null;
    image: string | null;
    model: string | null;
    configuration: string | null;
  };
  instance_risk: { instance: string; agent: string; score: number; parts: string; at: number };
}

type Schema = Parameters<Migration["up"]>[0];

export const registryMigrations: Migration[] = [
  { name: "registry/0001-people", up: createPeople },
  { name: "registry/0002-workloads", up: createWorkloads },
  { name: "registry/0003-instances", up: createInstances },
  { name: "registry/0004-risk", up: createRisk },
  { name: "registry/0005-clients", up: addClients },
  { name: "registry/0008-vouched-instances", up: addVouched },
  { name: "registry/0005-children", up: addChildren },
  { name: "registry/0006-evidence", up: addEvidence },
  ...lifecycleMigrations,
  accountMigration,
  changeMigration,
  { name: "registry/0014-configuration", up: addConfiguration },
  { name: "registry/0015-kept-ids", up: addKeptIds },
  { name: "registry/0017-counted-children", up: countChildren },
];

async function createPeople(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("person")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("name", types.text, (column) => column.notNull())
    .addColumn("email", types.text, (column) => column.notNull().unique())
    .addColumn("groups", types.json, (column) => column.notNull())
    .addColumn("department", types.text)
    .addColumn("manager", types.text)
    .addColumn("limits", types.json, (column) => column.notNull())
    .addColumn("status", types.text, (column) => column.notNull())
    .addColumn("source", types.text, (column) => column.notNull())
    .addColumn("epoch", types.integer, (column) => column.notNull())
    .addColumn("created", types.instant, (column) => column.notNull())
    .addColumn("revision", types.integer, (column) => column.notNull())
    .execute();
  await schema
    .createTable("person_group")
    .addColumn("name", types.text, (column) => column.primaryKey())
    .addColumn("grants", types.json, (column) => column.notNull())
    .addColumn("revision", types.integer, (column) => column.notNull())
    .execute();
  await schema
    .createTable("team")
    .addColumn("name", types.text, (column) => column.primaryKey())
    .addColumn("lead", types.text, (column) => column.notNull())
    .addColumn("zone", types.text, (column) => column.notNull())
    .addColumn("revision", types.integer, (column) => column.notNull())
    .execute();
}

async function createWorkloads(schema: Schema, types: ColumnTypes): Promise<void> {
  await createAgents(schema, types);
  await schema
    .createTable("service")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("name", types.text, (column) => column.notNull().unique())
    .addColumn("owner", types.text, (column) => column.notNull())
    .addColumn("resources", types.json, (column) => column.notNull())
    .addColumn("status", types.text, (column) => column.notNull())
    .addColumn("epoch", types.integer, (column) => column.notNull())
    .addColumn("created", types.instant, (column) => column.notNull())
    .addColumn("revision", types.integer, (column) => column.notNull())
    .execute();
  await schema
    .createTable("account")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("kind", types.text, (column) => column.notNull())
    .addColumn("place", types.text, (column) => column.notNull())
    .addColumn("name", types.text, (column) => column.notNull())
    .addColumn("owner", types.text)
    .addColumn("seen", types.instant, (column) => column.notNull())
    .execute();
}

async function createAgents(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("agent")
    .addColumn("name", types.text, (column) => column.primaryKey())
    .addColumn("class", types.text, (column) => column.notNull())
    .addColumn("purpose", types.text, (column) => column.notNull())
    .addColumn("environment", types.text, (column) => column.notNull())
    .addColumn("region", types.text)
    .addColumn("version", types.text)
    .addColumn("model", types.text)
    .addColumn("deployment", types.text)
    .addColumn("owner", types.text, (column) => column.notNull())
    .addColumn("team", types.text)
    .addColumn("created", types.instant, (column) => column.notNull())
    .addColumn("last_active", types.instant)
    .addColumn("expires", types.instant)
    .addColumn("status", types.text, (column) => column.notNull())
    .addColumn("grants", types.json, (column) => column.notNull())
    .addColumn("delegation", types.json, (column) => column.notNull())
    .addColumn("strength", types.text)
    .addColumn("epoch", types.integer, (column) => column.notNull())
    .addColumn("revision", types.integer, (column) => column.notNull())
    .execute();
  await schema.createIndex("agent_owner").on("agent").columns(["owner", "name"]).execute();
}

async function createInstances(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("instance")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("kind", types.text, (column) => column.notNull())
    .addColumn("principal", types.text, (column) => column.notNull())
    .addColumn("thumbprint", types.text, (column) => column.notNull().unique())
    .addColumn("jwk", types.json, (column) => column.notNull())
    .addColumn("strength", types.text, (column) => column.notNull())
    .addColumn("enrolled_at", types.instant, (column) => column.notNull())
    .addColumn("expires", types.instant, (column) => column.notNull())
    .addColumn("status", types.text, (column) => column.notNull())
    .execute();
  await schema
    .createIndex("instance_principal")
    .on("instance")
    .columns(["kind", "principal", "status", "id"])
    .execute();
}

async function createRisk(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("instance_risk")
    .addColumn("instance", types.text, (column) => column.primaryKey())
    .addColumn("agent", types.text, (column) => column.notNull())
    .addColumn("score", types.integer, (column) => column.notNull())
    .addColumn("parts", types.json, (column) => column.notNull())
    .addColumn("at", types.instant, (column) => column.notNull())
    .execute();
  await schema
    .createIndex("instance_risk_agent")
    .on("instance_risk")
    .columns(["agent", "instance"])
    .execute();
}

async function addVouched(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .alterTable("instance")
    .addColumn("vouched", types.integer, (column) => column.notNull().defaultTo(0))
    .execute();
}

/** Agents that people start as interactive clients, and the copies of them that a task was given to. */
async function addClients(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema.alterTable("agent").addColumn("client", types.json).execute();
  await schema.alterTable("agent").addColumn("client_id", types.text).execute();
  await schema.createIndex("agent_client").on("agent").column("client_id").unique().execute();
  await schema.alterTable("instance").addColumn("task", types.text).execute();
}

/** Agents that agents registered: their parent, and what they end with. */
async function addChildren(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema.alterTable("agent").addColumn("parent", types.text).execute();
  await schema.alterTable("agent").addColumn("under", types.json).execute();
  await schema.createIndex("agent_parent").on("agent").columns(["parent", "expires"]).execute();
}

/** What files a running copy was found to have. */
async function addConfiguration(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema.alterTable("instance").addColumn("configuration", types.text).execute();
}

/** What a running copy was found to be made of. */
async function addEvidence(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema.alterTable("instance").addColumn("image", types.text).execute();
  await schema.alterTable("instance").addColumn("model", types.text).execute();
}

/** Whose SPIFFE ID is not ours to replace. */
async function addKeptIds(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .alterTable("instance")
    .addColumn("keeps_id", types.integer, (column) => column.notNull().defaultTo(0))
    .execute();
}

/** Children that are over leave the index by which the others are counted. */
async function countChildren(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema.alterTable("agent").addColumn("uncounted_since", types.instant).execute();
  await schema.dropIndex("agent_parent").execute();
  const index = schema.createIndex("agent_child").on("agent");
  await index.columns(["parent", "uncounted_since", "expires"]).execute();
}
