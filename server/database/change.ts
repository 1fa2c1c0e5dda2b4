import type { Compilable, Kysely } from "kysely";
import type { Code } from "../lib/index.ts";

/** The rows that a write must hit; anything else rolls the whole change back. */
export interface Expectation {
  rows: number | "any";
  /** The refusal when they are not hit. Without it the verb decides again on fresh facts. */
  otherwise?: Code;
}

export interface Step {
  readonly kind: "write" | "require";
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly rows: number | "any";
  readonly otherwise: Code | undefined;
}

/** What a change needs of a database: its query builder. */
export interface QueryBuilder {
  tables<Tables>(): Kysely<Tables>;
}

/** The name of a row that many changes contend for: a window, a history, a feed. */
export type HotKey = `${string}:${string}`;

/**
 * A write: everything that one use case does to the database, gathered first and sent at once.
 * A verb reads and decides, then adds its statements with the rows they must hit; `commit` runs them in
 * one transaction, in the order given, after the locks.
 */
export class Change {
  readonly steps: Step[] = [];
  /** What stays written even when the attempt is refused, such as a one-time proof that was used up. */
  readonly keptOnRefusal: Step[] = [];
  readonly locks = new Set<HotKey>();
  readonly announcements = new Set<string>();
  readonly #database: QueryBuilder;

  constructor(database: QueryBuilder) {
    this.#database = database;
  }

  /** Builds statements against the tables of one room. */
  tables<Tables>(): Kysely<Tables> {
    return this.#database.tables<Tables>();
  }

  /** Adds a write and the rows it must hit (one, unless said otherwise). */
  add(query: Compilable, expect: Expectation = { rows: 1 }): this {
    this.steps.push(writeOf(query, expect));
    return this;
  }

  /**
   * Uses up a one-time proof: part of the change, and of the record of its refusal as well.
   * @param insert must do nothing where the row exists (`on conflict do nothing`): then the proof was used before
   * @param otherwise the refusal in that case
   */
  burn(insert: Compilable, otherwise: Code): this {
    this.keptOnRefusal.push(writeOf(insert, { rows: "any" }));
    return this.add(insert, { rows: 1, otherwise });
  }

  /** A fact that was read must still hold: the select must find a row, which stays as it is until the end. */
  require(query: Compilable, otherwise?: Code): this {
    const { sql, parameters } = query.compile();
    this.steps.push({ kind: "require", sql, parameters, rows: "any", otherwise });
    return this;
  }

  /** Takes the head row of something contended before any other statement runs, in one order for all. */
  lock(key: HotKey): this {
    this.locks.add(key);
    return this;
  }

  /** Tells every process, once committed, that something on this channel is new. Listeners also poll. */
  announce(channel: string): this {
    this.announcements.add(channel);
    return this;
  }

  get isEmpty(): boolean {
    return this.steps.length === 0;
  }
}

function writeOf(query: Compilable, expect: Expectation): Step {
  const { sql, parameters } = query.compile();
  return { kind: "write", sql, parameters, rows: expect.rows, otherwise: expect.otherwise };
}

/** A guard hit no row, or two changes met: nothing was written, and the verb may decide again. */
export class Conflict extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Conflict";
  }
}

/** The locks of a change, in the one order that all changes take them. */
export const lockOrder = (change: Change): HotKey[] => [...change.locks].sort();
