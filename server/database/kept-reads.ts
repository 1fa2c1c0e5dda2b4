import type { Change } from "./change.ts";

/** A read whose rows may be kept. */
export interface KeepableRead {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /** The tables that it reads, all of them. */
  readonly tables: readonly string[];
}

/**
 * Beyond it, in characters of what is kept, everything is read anew: strangers choose what is asked for. What it costs
 * to keep an answer, and each row of it with what is made of that, counts as so many characters.
 */
const MOST_CHARACTERS = 16 * 1024 * 1024;
const COST_OF_ANSWER = 256;
const COST_OF_ROW = 1_024;
/** What is asked for at greater length is no name of ours. */
const LONGEST_KEY = 1_024;
const MOST_STATEMENTS = 2_000;

interface Kept {
  readonly rows: Map<string, readonly unknown[]>;
  characters: number;
}

/**
 * Rows that are asked for far more often than they change, where this process alone writes: while no change to their
 * tables is under way nobody else can move them, so they are what reading again would find. While one is, they are
 * read each time.
 */
export class KeptReads {
  readonly #kept = new Map<string, Kept>();
  readonly #readers = new Map<string, Set<string>>();
  readonly #underWay = new Map<string, number>();
  readonly #written = new Map<string, string>();
  #characters = 0;

  /** How much is kept. */
  get characters(): number {
    return this.#characters;
  }

  /** The rows as they are kept, or read now; frozen. @param read reads at once, on this thread */
  rows<Row>({ sql, parameters, tables }: KeepableRead, read: () => Row[]): Row[] {
    const key = JSON.stringify(parameters);
    const known = this.#kept.get(sql)?.rows.get(key);
    if (known !== undefined) return known as Row[];
    const rows = Object.freeze(read().map((row) => Object.freeze(row)));
    if (key.length <= LONGEST_KEY && this.#stand(tables)) this.#keep(sql, key, rows, tables);
    return rows as Row[];
  }

  /** To be called before a change is sent. @returns what is to be called when it was answered, however */
  change({ steps }: Change): () => void {
    const tables = new Set<string>();
    for (const { kind, sql } of steps) if (kind === "write") tables.add(this.#tableOf(sql));
    for (const table of tables) this.#begin(table);
    return () => {
      for (const table of tables) this.#end(table);
    };
  }

  #stand(tables: readonly string[]): boolean {
    return !this.#underWay.has(ANY) && tables.every((table) => !this.#underWay.has(table));
  }

  #begin(table: string): void {
    this.#underWay.set(table, (this.#underWay.get(table) ?? 0) + 1);
    if (table === ANY) this.#forgetAll();
    else for (const sql of this.#readers.get(table) ?? []) this.#forget(sql);
  }

  #end(table: string): void {
    const others = (this.#underWay.get(table) ?? 1) - 1;
    if (others === 0) this.#underWay.delete(table);
    else this.#underWay.set(table, others);
  }

  #keep(sql: string, key: string, rows: readonly unknown[], tables: readonly string[]): void {
    const characters = COST_OF_ANSWER + key.length + charactersIn(rows);
    if (this.#characters + characters > MOST_CHARACTERS) this.#forgetAll();
    const kept = this.#kept.get(sql) ?? this.#begun(sql, tables);
    kept.rows.set(key, rows);
    kept.characters += characters;
    this.#characters += characters;
  }

  #begun(sql: string, tables: readonly string[]): Kept {
    const kept: Kept = { rows: new Map(), characters: 0 };
    this.#kept.set(sql, kept);
    for (const table of tables)
      this.#readers.set(table, (this.#readers.get(table) ?? new Set<string>()).add(sql));
    return kept;
  }

  #forget(sql: string): void {
    this.#characters -= this.#kept.get(sql)?.characters ?? 0;
    this.#kept.delete(sql);
  }

  #forgetAll(): void {
    this.#kept.clear();
    this.#characters = 0;
  }

  #tableOf(sql: string): string {
    const known = this.#written.get(sql);
    if (known !== undefined) return known;
    if (this.#written.size >= MOST_STATEMENTS) this.#written.clear();
    const table = tableWritten(sql);
    this.#written.set(sql, table);
    return table;
  }
}

/** What a statement writes that does not say so plainly. */
const ANY = "";

const tableWritten = (sql: string): string =>
  /^(?:insert into|update|delete from) "([^"]+)"/.exec(sql)?.[1] ?? ANY;

function charactersIn(rows: readonly unknown[]): number {
  let characters = 0;
  for (const row of rows) {
    characters += COST_OF_ROW;
    for (const value of Object.values(row as object))
      characters += typeof value === "string" ? value.length : 8;
  }
  return characters;
}
