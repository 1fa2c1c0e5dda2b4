import type { ColumnTypes, Migration } from "../database/index.ts";

/** The tables of this room. Only its stores name them. */
export interface DelegationTables {
  task: {
    id: string;
    person: string;
    started_by_kind: string;
    started_by: string;
    through: string | null;
    agent: string;
    instruction: string;
    instruction_kept: string;
    purpose: string;
    purpose_commitment: string;
    grants: string;
    max_depth: number;
    state: string;
    nonce: string;
    opened_at: number;
    expires: number;
    deadline: number;
    consent: string | null;
    ended_at: number | null;
  };
  delegation: {
    id: string;
    task: string;
    parent: string | null;
    path: string;
    from_principal: string;
    to_agent: string;
    grants: string;
    depth: number;
    expires: number;
    made_at: number;
    ended_at: number | null;
  };
  consent: {
    task: string;
    hash: string;
    object: string;
    credential: string;
    evidence: string;
    given_at: number;
  };
  delegation_count: { edge: string; position: number; used: number; most: number };
  action: {
    id: string;
    task: string;
    edge: string;
    agent: string;
    instance: string;
    jti: string;
    tool: string;
    labels: string;
    args: string;
    authority: string;
    called_at: number;
    outcome: string | null;
    returned_at: number | null;
  };
}

type Schema = Parameters<Migration["up"]>[0];

export const delegationMigrations: Migration[] = [
  {
    name: "delegation/0001-tasks",
    async up(schema, types) {
      await createTask(schema, types);
      await createEdge(schema, types);
      await createConsent(schema, types);
      await createCount(schema, types);
      await createAction(schema, types);
    },
  },
];

async function createTask(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("task")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("person", types.text, (column) => column.notNull())
    .addColumn("started_by_kind", types.text, (column) => column.notNull())
    .addColumn("started_by", types.text, (column) => column.notNull())
    .addColumn("through", types.text)
    .addColumn("agent", types.text, (column) => column.notNull())
    .addColumn("instruction", types.text, (column) => column.notNull())
    .addColumn("instruction_kept", types.text, (column) => column.notNull())
    .addColumn("purpose", types.text, (column) => column.notNull())
    .addColumn("purpose_commitment", types.text, (column) => column.notNull())
    .addColumn("grants", types.json, (column) => column.notNull())
    .addColumn("max_depth", types.integer, (column) => column.notNull())
    .addColumn("state", types.text, (column) => column.notNull())
    .addColumn("nonce", types.text, (column) => column.notNull())
    .addColumn("opened_at", types.instant, (column) => column.notNull())
    .addColumn("expires", types.instant, (column) => column.notNull())
    .addColumn("deadline", types.instant, (column) => column.notNull())
    .addColumn("consent", types.text)
    .addColumn("ended_at", types.instant)
    .execute();
  await schema.createIndex("task_person").on("task").columns(["person", "state", "id"]).execute();
  await schema.createIndex("task_deadline").on("task").columns(["state", "deadline"]).execute();
}

async function createEdge(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("delegation")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("task", types.text, (column) => column.notNull())
    .addColumn("parent", types.text)
    .addColumn("path", types.json, (column) => column.notNull())
    .addColumn("from_principal", types.text, (column) => column.notNull())
    .addColumn("to_agent", types.text, (column) => column.notNull())
    .addColumn("grants", types.json, (column) => column.notNull())
    .addColumn("depth", types.integer, (column) => column.notNull())
    .addColumn("expires", types.instant, (column) => column.notNull())
    .addColumn("made_at", types.instant, (column) => column.notNull())
    .addColumn("ended_at", types.instant)
    .execute();
  await schema.createIndex("delegation_task").on("delegation").columns(["task", "id"]).execute();
  await schema.createIndex("delegation_holder").on("delegation").columns(["to_agent", "id"]).execute();
}

async function createConsent(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("consent")
    .addColumn("task", types.text, (column) => column.primaryKey())
    .addColumn("hash", types.text, (column) => column.notNull())
    .addColumn("object", types.json, (column) => column.notNull())
    .addColumn("credential", types.text, (column) => column.notNull())
    .addColumn("evidence", types.json, (column) => column.notNull())
    .addColumn("given_at", types.instant, (column) => column.notNull())
    .execute();
}

/** Uses of counted grants, per delegation and position of the grant in it. */
async function createCount(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("delegation_count")
    .addColumn("edge", types.text, (column) => column.notNull())
    .addColumn("position", types.integer, (column) => column.notNull())
    .addColumn("used", types.integer, (column) => column.notNull())
    .addColumn("most", types.integer, (column) => column.notNull())
    .addPrimaryKeyConstraint("delegation_count_key", ["edge", "position"])
    .execute();
}

async function createAction(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("action")
    .addColumn("id", types.text, (column) => column.primaryKey())
    .addColumn("task", types.text, (column) => column.notNull())
    .addColumn("edge", types.text, (column) => column.notNull())
    .addColumn("agent", types.text, (column) => column.notNull())
    .addColumn("instance", types.text, (column) => column.notNull())
    .addColumn("jti", types.text, (column) => column.notNull())
    .addColumn("tool", types.text, (column) => column.notNull())
    .addColumn("labels", types.json, (column) => column.notNull())
    .addColumn("args", types.text, (column) => column.notNull())
    .addColumn("authority", types.text, (column) => column.notNull())
    .addColumn("called_at", types.instant, (column) => column.notNull())
    .addColumn("outcome", types.text)
    .addColumn("returned_at", types.instant)
    .execute();
  await schema.createIndex("action_task").on("action").columns(["task", "id"]).execute();
}
