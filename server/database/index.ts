/**
 * The store: SQLite in a folder, or PostgreSQL by a URL, behind one door. Verbs gather a `Change` and
 * commit it whole; reads go through the query builder, seen as the tables of one room. Knows no domain word.
 */
export { Change, Conflict, type Expectation, type HotKey } from "./change.ts";
export { forgetHotKeys } from "./housekeeping.ts";
export {
  type Database,
  type DatabaseDeps,
  type DatabaseLocation,
  type Leadership,
  openDatabase,
  openDatabaseAsItIs,
} from "./open.ts";
export { perRow } from "./per-row.ts";
export { remembering } from "./remembering.ts";
export type { ColumnTypes, Engine, Migration } from "./schema.ts";
export { type Given, keeping, keepingIn, reading, readingIn, writing, writingIn } from "./statement.ts";
