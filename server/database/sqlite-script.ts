import type { Step } from "./change.ts";

/**
 * A change on its way to the writer thread, as one flat list: its id, then of each step the statement, the rows that
 * it must hit, how many parameters follow, and those. Handed over as objects it costs five times as much to take in.
 */
export type Script = readonly unknown[];

/** The number of a statement that the writer was told of, or the SQL itself. */
export type StatementName = number | string;

export interface ScriptStep {
  readonly statement: StatementName;
  /** A select that must find a row; else a write. */
  readonly required: boolean;
  readonly rows: number | "any";
  readonly parameters: readonly unknown[];
}

const REQUIRED = -2;
const ANY = -1;

export function scriptOf(id: number, steps: readonly Step[], nameOf: (sql: string) => StatementName): Script {
  const script: unknown[] = [id];
  for (const { kind, sql, rows, parameters } of steps)
    script.push(nameOf(sql), expectationOf(kind, rows), parameters.length, ...parameters);
  return script;
}

const expectationOf = (kind: Step["kind"], rows: Step["rows"]): number =>
  kind === "require" ? REQUIRED : rows === "any" ? ANY : rows;

export const scriptId = ([id]: Script): number => id as number;

export function* stepsOf(script: Script): Generator<ScriptStep> {
  for (let at = 1; at < script.length; ) {
    const [statement, expected, count] = script.slice(at, at + 3) as [StatementName, number, number];
    const parameters = script.slice(at + 3, at + 3 + count);
    yield { statement, required: expected === REQUIRED, rows: expected < 0 ? "any" : expected, parameters };
    at += 3 + count;
  }
}
