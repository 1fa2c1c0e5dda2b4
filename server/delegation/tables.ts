import type { Generated } from "kysely";
import type { ColumnTypes, Migration } from "../database/index.ts";
import { laterMigrations } from "./tables-plans.ts";
import { restsWritten } from "./tables-rests.ts";
import { windowSeconds } from "./tables-windows.ts";

/** The tables of this room. Only its stores name them. */
export interface DelegationTables {
  task: {
    id: string;
    person: string;
    started_by_kind: string;
    started_by: string;
    /** What a schedule or an event was, in the words of the service that told of it. */
    started_on: string | null;
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
    incident: string | null;
    runbook: string | null;
    break_glass: number;
    sign_in: string | null;
    plan: string | null;
  };
  /** How far a planned task has come; steps that have not begun have no row. */
  plan_step: {
    task: string;
    position: number;
    calls: number;
    state: string;
    agent: string;
    instance: string;
    evidence: string | null;
    reported_at: number | null;
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
    rests: string | null;
    max_depth: number | null;
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
  runbook: {
    name: string;
    description: string;
    steps: string;
    digest: string;
    approved_by: string;
    approved_at: number;
  };
  /** Moves whenever something is remembered that a decision may rest on. */
  call_head: { key: string; version: number };
  /** What sticks to a task or an instance. */
  history_mark: { key: string; mark: string };
  /** Calls of a tool, and what they moved in one currency: `high` times 10^8, and `low`. */
  history_tool: { key: string; tool: string; currency: string; calls: number; high: number; low: number };
  /** A running copy that works on a task. */
  task_instance: { instance: string; task: string; joined_at: number };
  /** Calls of the last minute, and a little more. `summing` only within the change that sums them up. */
  window_call: {
    at: number;
    id: string;
    agent: string;
    instance: string;
    person: string | null;
    resource: string;
    summing: Generated<number>;
  };
  /** Earlier calls of the last hour, by the second in which they were made: its start. */
  window_second: { counted: string; whose: string; second: number; calls: number };
  /** Earlier calls of the last day, by the minute in which they were made: its start. */
  window_tally: { counted: string; whose: string; minute: number; calls: number };
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
  {
    name: "delegation/0002-history",
    async up(schema, types) {
      await addCircumstances(schema, types);
      await createRunbook(schema, types);
      await createHistory(schema, types);
      await createWindows(schema, types);
    },
  },
  windowSeconds,
  {
    name: "delegation/0009-sign-in",
    async up(schema, types) {
      await schema.alterTable("task").addColumn("sign_in", types.json).execute();
      await schema.alterTable("delegation").addColumn("rests", types.json).execute();
    },
  },
  ...laterMigrations,
  restsWritten,
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

/** What a task serves, as whoever opened it said. */
async function addCircumstances(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema.alterTable("task").addColumn("incident", types.json).execute();
  await schema.alterTable("task").addColumn("runbook", types.json).execute();
  await schema
    .alterTable("task")
    .addColumn("break_glass", types.integer, (column) => column.notNull().defaultTo(0))
    .execute();
}

async function createRunbook(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("runbook")
    .addColumn("name", types.text, (column) => column.primaryKey())
    .addColumn("description", types.text, (column) => column.notNull())
    .addColumn("steps", types.json, (column) => column.notNull())
    .addColumn("digest", types.text, (column) => column.notNull())
    .addColumn("approved_by", types.text, (column) => column.notNull())
    .addColumn("approved_at", types.instant, (column) => column.notNull())
    .execute();
}

async function createHistory(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("call_head")
    .addColumn("key", types.text, (column) => column.primaryKey())
    .addColumn("version", types.integer, (column) => column.notNull())
    .execute();
  await schema
    .createTable("history_mark")
    .addColumn("key", types.text, (column) => column.notNull())
    .addColumn("mark", types.text, (column) => column.notNull())
    .addPrimaryKeyConstraint("history_mark_key", ["key", "mark"])
    .execute();
  await schema
    .createTable("history_tool")
    .addColumn("key", types.text, (column) => column.notNull())
    .addColumn("tool", types.text, (column) => column.notNull())
    .addColumn("currency", types.text, (column) => column.notNull())
    .addColumn("calls", types.integer, (column) => column.notNull())
    .addColumn("high", types.integer, (column) => column.notNull())
    .addColumn("low", types.integer, (column) => column.notNull())
    .addPrimaryKeyConstraint("history_tool_key", ["key", "tool", "currency"])
    .execute();
  await schema
    .createTable("task_instance")
    .addColumn("instance", types.text, (column) => column.notNull())
    .addColumn("task", types.text, (column) => column.notNull())
    .addColumn("joined_at", types.instant, (column) => column.notNull())
    .addPrimaryKeyConstraint("task_instance_key", ["instance", "task"])
    .execute();
}

async function createWindows(schema: Schema, types: ColumnTypes): Promise<void> {
  await schema
    .createTable("window_call")
    .addColumn("at", types.instant, (column) => column.notNull())
    .addColumn("id", types.text, (column) => column.notNull())
    .addColumn("agent", types.text, (column) => column.notNull())
    .addColumn("instance", types.text, (column) => column.notNull())
    .addColumn("person", types.text)
    .addColumn("resource", types.text, (column) => column.notNull())
    .addPrimaryKeyConstraint("window_call_key", ["at", "id"])
    .execute();
  for (const counted of ["agent", "instance", "person", "resource"]) {
    await schema.createIndex(`window_call_${counted}`).on("window_call").columns([counted, "at"]).execute();
  }
  await schema
    .createTable("window_tally")
    .addColumn("counted", types.text, (column) => column.notNull())
    .addColumn("whose", types.text, (column) => column.notNull())
    .addColumn("minute", types.instant, (column) => column.notNull())
    .addColumn("calls", types.integer, (column) => column.notNull())
    .addPrimaryKeyConstraint("window_tally_key", ["counted", "whose", "minute"])
    .execute();
  await schema.createIndex("window_tally_minute").on("window_tally").column("minute").execute();
}
