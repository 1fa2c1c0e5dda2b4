import type { Kysely, Selectable } from "kysely";
import { type Change, type Database, type Given, reading, writing } from "../database/index.ts";
import { type AgentName, hours, type Id, type Strength } from "../lib/index.ts";
import type { Granted } from "./mandate.ts";
import type { OneTimeProof } from "./one-time-proof.ts";
import type { OauthTables } from "./tables.ts";

/** What is kept of an access token. Times in milliseconds since the epoch. */
export interface IssuedToken {
  readonly jti: Id<"jti">;
  readonly instance: string;
  readonly agent?: AgentName;
  readonly strength: Strength;
  readonly audience: string;
  readonly task?: Id<"task">;
  readonly edge?: Id<"edge">;
  /** The dead keys that kill it. */
  readonly rev: readonly string[];
  readonly granted: readonly Granted[];
  /** The epoch of its agent's own authority at the audience, where it rests on that. */
  readonly standing?: number;
  readonly issued: number;
  readonly expires: number;
}

/** An approval that has not been asked about for so long is not polled any more. */
const POLL_MEMORY = hours(1);

export async function isSpent(database: Database, key: string): Promise<boolean> {
  return (await spentProof(database, { key })).length > 0;
}

const spentProof = reading((tables: Kysely<OauthTables>, given: Given<{ key: string }>) =>
  tables.selectFrom("spent_proof").select("key").where("key", "=", given("key")),
);

/** Stays written even when what it was for is refused. */
export function insertSpentProof(change: Change, { key, expires, refusal }: OneTimeProof): void {
  change.burn(spend(change, { key, expires }), refusal);
}

const spend = writing((tables: Kysely<OauthTables>, given: Given<{ key: string; expires: number }>) =>
  tables
    .insertInto("spent_proof")
    .values({ key: given("key"), expires: given("expires") })
    .onConflict((conflict) => conflict.column("key").doNothing()),
);

/** Forgets proofs that are stale by themselves, and when approvals were asked about that nobody asks about. */
export function deleteStale(change: Change, now: number): void {
  const tables = change.tables<OauthTables>();
  change.add(tables.deleteFrom("spent_proof").where("expires", "<=", now), { rows: "any" });
  change.add(tables.deleteFrom("approval_poll").where("at", "<=", now - POLL_MEMORY), { rows: "any" });
}

export async function lastPoll(database: Database, approval: Id<"approval">): Promise<number | undefined> {
  const polls = database.tables<OauthTables>().selectFrom("approval_poll").select("at");
  return (await polls.where("approval", "=", approval).executeTakeFirst())?.at;
}

/** Stays written although the answer is a refusal: not yet. */
export function notePoll(change: Change, approval: Id<"approval">, at: number): void {
  const polls = change.tables<OauthTables>().insertInto("approval_poll").values({ approval, at });
  change.burn(
    polls.onConflict((conflict) => conflict.column("approval").doUpdateSet({ at })),
    "slow-down",
  );
}

export function insertToken(change: Change, token: IssuedToken): void {
  const tables = change.tables<OauthTables>();
  const { agent = null, task = null, edge = null, standing = null } = token;
  const [rev, granted] = [JSON.stringify(token.rev), JSON.stringify(token.granted)];
  change.add(insert(change, { ...token, agent, task, edge, standing, rev, granted }));
  for (const [position, { grant }] of token.granted.entries()) {
    if (grant.max_uses === undefined) continue;
    const count = { jti: token.jti, position, used: 0, most: grant.max_uses };
    change.add(tables.insertInto("token_count").values(count));
  }
}

const insert = writing((tables: Kysely<OauthTables>, given: Given<OauthTables["token"]>) =>
  tables.insertInto("token").values({
    jti: given("jti"),
    instance: given("instance"),
    agent: given("agent"),
    strength: given("strength"),
    audience: given("audience"),
    task: given("task"),
    edge: given("edge"),
    rev: given("rev"),
    granted: given("granted"),
    standing: given("standing"),
    issued: given("issued"),
    expires: given("expires"),
  }),
);

export async function findToken(database: Database, jti: string): Promise<IssuedToken | undefined> {
  const tokens = database.tables<OauthTables>().selectFrom("token").selectAll();
  const row = await tokens.where("jti", "=", jti).executeTakeFirst();
  return row && tokenOf(row);
}

/** Whether an agent was given anything in this epoch of its own authority at a resource that has not expired. */
export async function hasStandingToken(
  database: Database,
  of: {
    readonly agent: AgentName;
    readonly audience: string;
    readonly epoch: number;
    readonly now: number;
  },
): Promise<boolean> {
  const row = await database
    .tables<OauthTables>()
    .selectFrom("token")
    .select("jti")
    .where("agent", "=", of.agent)
    .where("audience", "=", of.audience)
    .where("standing", "=", of.epoch)
    .where("expires", ">", of.now)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

const tokenOf = (row: Selectable<OauthTables["token"]>): IssuedToken => ({
  jti: row.jti as Id<"jti">,
  instance: row.instance,
  ...(row.agent === null ? {} : { agent: row.agent }),
  strength: row.strength as Strength,
  audience: row.audience,
  ...(row.task === null ? {} : { task: row.task as Id<"task"> }),
  ...(row.edge === null ? {} : { edge: row.edge as Id<"edge"> }),
  rev: JSON.parse(row.rev) as string[],
  granted: JSON.parse(row.granted) as Granted[],
  ...(row.standing === null ? {} : { standing: row.standing }),
  issued: row.issued,
  expires: row.expires,
});
