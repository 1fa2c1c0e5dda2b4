import type SqliteDatabase from "better-sqlite3";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";

/** More different statements than the program has; beyond them somebody builds SQL from values. */
const MOST_STATEMENTS = 1_000;

/**
 * The embedded store's reading side. A read is done when it is asked for, on this thread, so nobody waits for
 * a connection: there is one, and it is always free. Each statement is prepared once.
 */
export class SqliteReader {
  readonly #database: SqliteDatabase.Database;
  readonly #statements = new Map<string, SqliteDatabase.Statement>();

  /** @param database opened for reading only */
  constructor(database: SqliteDatabase.Database) {
    this.#database = database;
  }

  rows<Row>(sql: string, parameters: readonly unknown[]): Row[] {
    return this.#prepared(sql).all(...parameters) as Row[];
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  /** For Kysely, through which all reads go whose SQL is built each time. */
  get dialect(): Dialect {
    return {
      createAdapter: () => new AlwaysFree(),
      createDriver: () => new ReadingDriver(this),
      createQueryCompiler: () => new SqliteQueryCompiler(),
      createIntrospector: (kysely) => new SqliteIntrospector(kysely),
    };
  }

  #prepared(sql: string): SqliteDatabase.Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= MOST_STATEMENTS) this.#statements.clear();
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** Kysely lets those who share one connection wait in line, and wakes the whole line for each. Here none waits. */
class AlwaysFree extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class ReadingDriver implements Driver {
  readonly #connection: DatabaseConnection;

  constructor(reader: SqliteReader) {
    this.#connection = {
      executeQuery: async <Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> => ({
        rows: reader.rows<Row>(sql, parameters),
      }),
      streamQuery: () => {
        throw new Error("reads are not streamed");
      },
    };
  }

  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }
  async releaseConnection(): Promise<void> {}
  async beginTransaction(): Promise<void> {
    throw new Error("writes go through a change");
  }
  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
  async destroy(): Promise<void> {}
}
