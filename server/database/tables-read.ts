import type { CompiledQuery } from "kysely";

/**
 * The tables that a statement reads.
 * @throws Error for SQL in which they cannot be told
 */
export function tablesRead({ query }: CompiledQuery): readonly string[] {
  const tables = new Set<string>();
  collect(query, tables);
  return [...tables];
}

function collect(node: unknown, tables: Set<string>): void {
  if (typeof node !== "object" || node === null) return;
  const { kind } = node as { kind?: string };
  if (kind === "RawNode") throw new Error("what raw SQL reads cannot be told");
  if (kind === "TableNode") tables.add((node as TableNode).table.identifier.name);
  for (const part of Object.values(node)) collect(part, tables);
}

interface TableNode {
  readonly table: { readonly identifier: { readonly name: string } };
}
