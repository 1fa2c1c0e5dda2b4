import type { Database, DatabaseDeps } from "../database/index.ts";
import type { RegistryDeps } from "../registry/index.ts";
import { type CedarSchema, cedarSchemaOf } from "./cedar-schema.ts";
import { readVersion, toolsAfter } from "./store.ts";
import type { Tool } from "./tool.ts";

/** What the catalog's verbs need. */
export type CatalogDeps = RegistryDeps;

const AT_ONCE = 200;

/** How often the catalog has changed: what was made from it is good for as long as this stays. */
export const catalogVersion = (deps: DatabaseDeps): Promise<number> => readVersion(deps.database);

/** The schema last made per open database. Only a shortcut: it is asked for by the version that is read anew. */
const lastMade = new WeakMap<Database, { version: number; made: SchemaAndDigest }>();

/** @see cedarSchemaOf */
export type SchemaAndDigest = { schema: CedarSchema; digest: string };

/** The Cedar schema of all that is pinned now, and its digest. */
export async function cedarSchema(deps: DatabaseDeps): Promise<SchemaAndDigest> {
  // Read first: were a tool pinned meanwhile, the next call finds a newer version and reads again.
  const version = await readVersion(deps.database);
  const last = lastMade.get(deps.database);
  if (last?.version === version) return last.made;
  const made = cedarSchemaOf(await allTools(deps));
  lastMade.set(deps.database, { version, made });
  return made;
}

/** The schema as it would be with these tools pinned, beside those that are or in place of them. */
export async function cedarSchemaWith(deps: DatabaseDeps, tools: readonly Tool[]): Promise<SchemaAndDigest> {
  const pinned = new Map((await allTools(deps)).map((tool) => [tool.identifier, tool]));
  for (const tool of tools) pinned.set(tool.identifier, tool);
  return cedarSchemaOf([...pinned.values()]);
}

async function allTools(deps: DatabaseDeps): Promise<Tool[]> {
  const tools: Tool[] = [];
  for (;;) {
    const some = await toolsAfter(deps.database, { after: tools.at(-1)?.identifier, limit: AT_ONCE });
    tools.push(...some);
    if (some.length < AT_ONCE) return tools;
  }
}
