import type { Compilable, CompiledQuery, Kysely } from "kysely";
import type { QueryBuilder } from "./change.ts";
import type { Database } from "./open.ts";
import { tablesRead } from "./tables-read.ts";

/** Names the place of a parameter in a statement that is built once. */
export type Given<Parameters> = <Name extends keyof Parameters>(name: Name) => Parameters[Name];

/** A statement as it is written down: by Kysely, with places in it where values will stand. */
type Build<Tables, Parameters, Row> = (tables: Kysely<Tables>, given: Given<Parameters>) => Compilable<Row>;

/**
 * A read that is made so often that building its SQL each time would cost more than running it: built once
 * for each open database, then only given its values.
 * @param build must not look at what `given` returns: it stands for a value, and is none
 */
export function reading<Tables, Parameters, Row>(
  build: Build<Tables, Parameters, Row>,
): (database: Database, parameters: Parameters) => Promise<Row[]> {
  const built = onceFor(build);
  return (database, parameters) => {
    const { sql, places } = built(database);
    return database.read<Row>(sql, filled(places, parameters));
  };
}

/**
 * As `reading`, for what is asked far more often than it changes: where this process alone writes, its rows are kept
 * while nothing writes to their tables. They are frozen there.
 */
export function keeping<Tables, Parameters, Row>(
  build: Build<Tables, Parameters, Row>,
): (database: Database, parameters: Parameters) => Promise<Row[]> {
  const built = onceFor(build);
  return (database, parameters) => {
    const made = built(database);
    made.tables ??= tablesRead(made.query);
    return database.read<Row>(made.sql, filled(made.places, parameters), made.tables);
  };
}

/** The same for a write or a guard of a change: `change.add(touch(change, { name, at }))`. */
export function writing<Tables, Parameters>(
  build: Build<Tables, Parameters, unknown>,
): (change: QueryBuilder, parameters: Parameters) => Compilable {
  const built = onceFor(build);
  return (change, parameters) => {
    const { query, sql, places } = built(change);
    return { compile: () => ({ ...query, sql, parameters: filled(places, parameters) }) };
  };
}

/** As `reading`, for a list of texts, of whatever length: `build` is handed a place for each. */
export const readingIn = <Tables, Row>(
  build: (tables: Kysely<Tables>, places: string[]) => Compilable<Row>,
): ((database: Database, values: readonly string[]) => Promise<Row[]>) => {
  const ofLength = forEachLength((length) =>
    reading((tables: Kysely<Tables>, given: Given<readonly string[]>) =>
      build(tables, placesFor(length, given)),
    ),
  );
  return (database, values) => ofLength(values.length)(database, values);
};

/** As `keeping`, for a list of texts. */
export const keepingIn = <Tables, Row>(
  build: (tables: Kysely<Tables>, places: string[]) => Compilable<Row>,
): ((database: Database, values: readonly string[]) => Promise<Row[]>) => {
  const ofLength = forEachLength((length) =>
    keeping((tables: Kysely<Tables>, given: Given<readonly string[]>) =>
      build(tables, placesFor(length, given)),
    ),
  );
  return (database, values) => ofLength(values.length)(database, values);
};

/** As `writing`, for a list of texts. */
export const writingIn = <Tables>(
  build: (tables: Kysely<Tables>, places: string[]) => Compilable,
): ((change: QueryBuilder, values: readonly string[]) => Compilable) => {
  const ofLength = forEachLength((length) =>
    writing((tables: Kysely<Tables>, given: Given<readonly string[]>) =>
      build(tables, placesFor(length, given)),
    ),
  );
  return (change, values) => ofLength(values.length)(change, values);
};

/** A statement about a list has as many places as the list: there is one for each length that was met. */
function forEachLength<Statement>(build: (length: number) => Statement): (length: number) => Statement {
  const known = new Map<number, Statement>();
  return (length) => {
    const statement = known.get(length) ?? build(length);
    known.set(length, statement);
    return statement;
  };
}

const placesFor = (length: number, given: Given<readonly string[]>): string[] =>
  Array.from({ length }, (_, nth) => given(nth));

class Place {
  readonly name: PropertyKey;

  constructor(name: PropertyKey) {
    this.name = name;
  }
}

interface Built {
  readonly query: CompiledQuery;
  readonly sql: string;
  /** In the order of the SQL's parameters: a value that is always the same, or the place of one. */
  readonly places: readonly unknown[];
  /** What it reads, where somebody has asked. */
  tables?: readonly string[];
}

function onceFor<Tables, Parameters>(build: Build<Tables, Parameters, unknown>): (of: QueryBuilder) => Built {
  const known = new WeakMap<object, Built>();
  const given: Given<Parameters> = (name) => new Place(name) as never;
  return (of) => {
    const tables = of.tables<Tables>();
    const before = known.get(tables);
    if (before !== undefined) return before;
    const query = build(tables, given).compile();
    const made: Built = { query, sql: query.sql, places: query.parameters };
    known.set(tables, made);
    return made;
  };
}

function filled(places: readonly unknown[], parameters: unknown): unknown[] {
  const values = parameters as Record<PropertyKey, unknown>;
  return places.map((place) => (place instanceof Place ? values[place.name] : place));
}
