import type { Database } from "./open.ts";

/**
 * A database of which one attempt asks the same thing once, however many verbs it goes through: for reads that were
 * built before. To be used for one attempt only, whose guards say at its commit whether what was read still holds.
 */
export function remembering(database: Database): Database {
  const known = new Map<string, Promise<unknown[]>>();
  return {
    ...database,
    read<Row>(sql: string, parameters: readonly unknown[], keep?: readonly string[]): Promise<Row[]> {
      const asked = JSON.stringify([sql, parameters]);
      const answer = known.get(asked) ?? database.read<Row>(sql, parameters, keep);
      known.set(asked, answer);
      return answer as Promise<Row[]>;
    },
  };
}
