import { compile } from "../../compile.ts";
import type { EntityStore } from "../../entity.ts";
import { readEntities } from "../../entity-store.ts";
import { CompileError, ReadError } from "../../error.ts";
import type { World } from "../../fuzz/world.ts";
import type { PolicySet } from "../../policy-set.ts";
import { readUid } from "../../read-value.ts";
import { readSchema, type Schema } from "../../schema/schema.ts";
import type { SchemaJson } from "../../schema/schema-json.ts";
import type { Uid } from "../../uid.ts";

/** A world of the fuzzer's, ready to be asked. */
export interface OpenWorld {
  readonly schema: Schema | undefined;
  readonly set: PolicySet;
  readonly store: EntityStore;
}

/** The entities of a world. */
export function uidsOf({ entities }: World): Uid[] {
  return entities.map(({ uid }) => readUid(uid, []));
}

/** For tests. @returns undefined where the policies, the schema or the entities are malformed */
export function opened(world: World): OpenWorld | undefined {
  try {
    const schema = world.schema === undefined ? undefined : readSchema(world.schema as unknown as SchemaJson);
    return { schema, set: compile(world.source, schema), store: readEntities(world.entities, schema) };
  } catch (error) {
    if (error instanceof CompileError || error instanceof ReadError) return undefined;
    throw error;
  }
}
