import type { Plan } from "@countersign/proof/consent";
import type { Grant } from "@countersign/proof/grant";
import type { Json } from "@countersign/proof/jcs";
import type { Selectable } from "kysely";
import type { Change, Database } from "../database/index.ts";
import { cutPage } from "../http/index.ts";
import type { Id, PersonId } from "../lib/index.ts";
import type { Page, PageQuery } from "./page.ts";
import type { PlannedBy } from "./runbook.ts";
import type { SignIn } from "./sign-in.ts";
import type { DelegationTables } from "./tables.ts";
import type { Incident, Starter, Task, TaskState } from "./task.ts";

export function insertTask(change: Change, task: Task): void {
  change.add(
    change
      .tables<DelegationTables>()
      .insertInto("task")
      .values({
        id: task.id,
        person: task.person,
        started_by_kind: task.startedBy.kind,
        started_by: task.startedBy.principal,
        through: task.startedBy.kind === "person" ? (task.startedBy.through ?? null) : null,
        started_on: "on" in task.startedBy ? task.startedBy.on : null,
        agent: task.agent,
        instruction: task.instruction,
        instruction_kept: task.instructionKept,
        purpose: task.purpose,
        purpose_commitment: task.purposeCommitment,
        grants: JSON.stringify(task.grants),
        max_depth: task.maxDepth,
        state: task.state,
        nonce: task.nonce,
        opened_at: task.openedAt,
        expires: task.expires,
        deadline: task.deadline,
        consent: null,
        ended_at: null,
        incident: task.incident === undefined ? null : JSON.stringify(task.incident),
        runbook: task.runbook === undefined ? null : JSON.stringify(task.runbook),
        break_glass: task.breakGlass ? 1 : 0,
        sign_in: task.signIn === undefined ? null : JSON.stringify(task.signIn),
        plan: task.plan === undefined ? null : JSON.stringify(task.plan),
      }),
  );
}

/** Moves a task from the state it was read in to another; a task that moved meanwhile is decided on again. */
export function moveTask(
  change: Change,
  task: Task,
  to: { state: TaskState; consent?: string; endedAt?: number },
): void {
  change.add(
    change
      .tables<DelegationTables>()
      .updateTable("task")
      .set({
        state: to.state,
        ...(to.consent === undefined ? {} : { consent: to.consent }),
        ...(to.endedAt === undefined ? {} : { ended_at: to.endedAt }),
      })
      .where("id", "=", task.id)
      .where("state", "=", task.state),
  );
}

/** The task must still be at work when the change commits. */
export function requireTaskActive(change: Change, task: Id<"task">): void {
  change.require(
    change
      .tables<DelegationTables>()
      .selectFrom("task")
      .select("id")
      .where("id", "=", task)
      .where("state", "=", "active"),
    "gone",
  );
}

export async function findTask(database: Database, id: string): Promise<Task | undefined> {
  const row = await database
    .tables<DelegationTables>()
    .selectFrom("task")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirst();
  return row === undefined ? undefined : taskOf(row);
}

/** The tasks that wait for this person's consent and can still have it, oldest first. */
export async function tasksAwaiting(
  database: Database,
  person: PersonId,
  now: number,
  page: PageQuery,
): Promise<Page<Task>> {
  const rows = await database
    .tables<DelegationTables>()
    .selectFrom("task")
    .selectAll()
    .where("person", "=", person)
    .where("state", "=", "awaiting-consent")
    .where("expires", ">", now)
    .where("id", ">", page.after ?? "")
    .orderBy("id")
    .limit(page.limit + 1)
    .execute();
  return cutPage(rows.map(taskOf), page.limit, (row) => row.id);
}

/** Open tasks whose deadline has passed, a limited number at a time. */
export async function tasksOverdue(database: Database, now: number, limit: number): Promise<Task[]> {
  const rows = await database
    .tables<DelegationTables>()
    .selectFrom("task")
    .selectAll()
    .where("state", "in", ["active", "awaiting-consent"])
    .where("deadline", "<=", now)
    .orderBy("deadline")
    .limit(limit)
    .execute();
  return rows.map(taskOf);
}

/** Those of the tasks that have ended until then. */
export async function endedAmong(
  database: Database,
  tasks: readonly string[],
  until: number,
): Promise<string[]> {
  if (tasks.length === 0) return [];
  const ended = database.tables<DelegationTables>().selectFrom("task").select("id");
  const rows = await ended.where("id", "in", tasks).where("ended_at", "<=", until).execute();
  return rows.map(({ id }) => id);
}

export interface StoredConsent {
  readonly task: Id<"task">;
  readonly hash: string;
  /** The canonical object that was signed. */
  readonly object: Json;
  readonly credential: string;
  /** The assertion, so that anyone can verify the signature again. */
  readonly evidence: Json;
  readonly givenAt: number;
}

export function insertConsent(change: Change, consent: StoredConsent): void {
  change.add(
    change
      .tables<DelegationTables>()
      .insertInto("consent")
      .values({
        task: consent.task,
        hash: consent.hash,
        object: JSON.stringify(consent.object),
        credential: consent.credential,
        evidence: JSON.stringify(consent.evidence),
        given_at: consent.givenAt,
      }),
  );
}

export async function findConsent(database: Database, task: string): Promise<StoredConsent | undefined> {
  const row = await database
    .tables<DelegationTables>()
    .selectFrom("consent")
    .selectAll()
    .where("task", "=", task)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    task: row.task as Id<"task">,
    hash: row.hash,
    object: JSON.parse(row.object) as Json,
    credential: row.credential,
    evidence: JSON.parse(row.evidence) as Json,
    givenAt: row.given_at,
  };
}

function starterOf(row: Selectable<DelegationTables["task"]>): Starter {
  const { started_by_kind: kind, started_by: principal, through, started_on } = row;
  const starter = {
    kind,
    principal,
    ...(through === null ? {} : { through }),
    ...(started_on === null ? {} : { on: started_on }),
  };
  return starter as Starter;
}

function taskOf(row: Selectable<DelegationTables["task"]>): Task {
  return {
    id: row.id as Id<"task">,
    person: row.person as PersonId,
    startedBy: starterOf(row),
    agent: row.agent,
    instruction: row.instruction,
    instructionKept: row.instruction_kept,
    purpose: row.purpose,
    purposeCommitment: row.purpose_commitment,
    grants: JSON.parse(row.grants) as Grant[],
    maxDepth: row.max_depth,
    state: row.state as TaskState,
    nonce: row.nonce,
    openedAt: row.opened_at,
    expires: row.expires,
    deadline: row.deadline,
    ...(row.consent === null ? {} : { consent: row.consent }),
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    ...(row.incident === null ? {} : { incident: JSON.parse(row.incident) as Incident }),
    ...(row.runbook === null ? {} : { runbook: JSON.parse(row.runbook) as PlannedBy }),
    ...(row.plan === null ? {} : { plan: JSON.parse(row.plan) as Plan }),
    breakGlass: row.break_glass === 1,
    ...(row.sign_in === null ? {} : { signIn: JSON.parse(row.sign_in) as SignIn }),
  };
}
