import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  compile,
  type EntityStore,
  type EntityUid,
  type PolicySet,
  parseExactJson,
  readContext,
  readEntities,
  readSchema,
  type Schema,
} from "../index.ts";
import { parsePolicies, parseSchema } from "../parse.ts";
import { readTar } from "./tar.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(process.env.COUNTERSIGN_VECTORS ?? join(root, "../shared/vectors"), "cedar");

/** Why the vectors cannot be run here, or false. */
export const skip = existsSync(folder) ? false : "no vectors";

/** One file of Cedar's integration tests: a world, and requests with the answers they must get. */
interface Case {
  readonly policies: string;
  readonly entities: string;
  readonly schema: string;
  readonly requests: readonly Expected[];
}

interface Expected {
  readonly description: string;
  readonly principal: EntityUid;
  readonly action: EntityUid;
  readonly resource: EntityUid;
  readonly context: Readonly<Record<string, unknown>>;
  readonly decision: "allow" | "deny";
  readonly reason: readonly string[];
  readonly errors: readonly string[];
}

interface World {
  readonly policies: PolicySet;
  readonly entities: EntityStore;
  readonly schema: Schema;
}

/**
 * Decides every request of an archive and compares decision, determining policies and erroring policies.
 *
 * @returns how many requests there were
 */
export function decideAll(archive: string, rename: (path: string) => string): number {
  const files = readTar(join(folder, archive));
  const worlds = worldsOf(files, rename);
  let requests = 0;
  for (const [path, text] of files) {
    if (!path.endsWith(".json") || /entities\.json$/.test(path)) continue;
    const world = parseExactJson(text) as Case;
    for (const expected of world.requests) requireAnswer(path, worlds(world), expected);
    requests += world.requests.length;
  }
  return requests;
}

function requireAnswer(path: string, { policies, entities, schema }: World, expected: Expected): void {
  const context = readContext(expected.context, { schema, action: expected.action });
  const { decision, reasons, errors } = policies.decide({ ...expected, context }, entities);
  assert.deepEqual(
    { decision, reasons, errors: errors.map(({ policy }) => policy) },
    { decision: expected.decision, reasons: expected.reason.toSorted(), errors: expected.errors.toSorted() },
    `${path}: ${expected.description}`,
  );
}

/** Several files name the same policies, entities or schema; each combination is parsed once. */
function worldsOf(
  files: ReadonlyMap<string, string>,
  rename: (path: string) => string,
): (world: Case) => World {
  const known = new Map<string, World>();
  const read = (path: string): string => {
    const text = files.get(rename(path));
    assert.ok(text !== undefined, `the archive has no ${path}`);
    return text;
  };
  return (world) => {
    const key = [world.policies, world.entities, world.schema].join();
    const found = known.get(key) ?? readWorld(read(world.policies), read(world.entities), read(world.schema));
    known.set(key, found);
    return found;
  };
}

function readWorld(policyText: string, entityText: string, schemaText: string): World {
  const parsedSchema = parseSchema(schemaText);
  const parsedPolicies = parsePolicies(policyText);
  assert.ok(parsedSchema.schema !== undefined && parsedPolicies.source !== undefined);
  const schema = readSchema(parsedSchema.schema);
  return {
    schema,
    policies: compile(parsedPolicies.source, schema),
    entities: readEntities(entityText, schema),
  };
}
