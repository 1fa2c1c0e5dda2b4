import { isDeepStrictEqual } from "node:util";
import {
  type Answer,
  compile,
  type EntityStore,
  type PolicySet,
  type Request,
  readContext,
  readEntities,
  readSchema,
} from "../index.ts";
import { exactText } from "../oracle/exact.ts";
import type { OracleAnswer } from "../oracle/oracle.ts";
import type { AnsweredWorld } from "./answered-world.ts";
import type { RequestJson, World } from "./world.ts";

/** Reads policies that are given as text. Only whoever compares that pays for starting the parser. */
export type ReadTexts = (answered: AnsweredWorld) => World["source"];

/**
 * Where our engine answers otherwise than the oracle: in the decision, the determining policies, the satisfied
 * permits and forbids, or the policies that err and how.
 * @returns undefined when every answer is the same; else what a person needs to see it again
 */
export function difference(answered: AnsweredWorld, readTexts: ReadTexts): string | undefined {
  const { world, answers } = answered;
  if (answers.every((each) => each === undefined)) return undefined;
  try {
    const source = world.form === "text" ? readTexts(answered) : world.source;
    const set = compile(source, world.schema as never);
    const store = storeOf(world);
    for (const [position, expected] of answers.entries()) {
      const request = world.requests[position];
      if (expected === undefined || request === undefined) continue;
      const found = askOurs(set, store, readRequest(world, request));
      if (!isDeepStrictEqual(found, expected)) return describe(world, request, expected, found);
    }
  } catch (error) {
    return describe(world, undefined, answers, error instanceof Error ? error.stack : error);
  }
  return undefined;
}

/** As text and as values in turn, because both are doors. */
function storeOf({ entities, schema }: World): EntityStore {
  const asText = entities.length % 2 === 0;
  return readEntities(asText ? exactText(entities) : entities, schema as never);
}

/** A context that only a schema explains is read beforehand. */
function readRequest({ contexts, schema }: World, request: RequestJson): Request {
  if (contexts === "written" || schema === undefined) return request;
  const typed = { schema: readSchema(schema as never), action: request.action };
  return { ...request, context: readContext(request.context, typed) };
}

function askOurs(set: PolicySet, store: EntityStore, request: Request): OracleAnswer {
  const { errors, ...rest }: Answer = set.decide(request, store);
  return { ...rest, errors: errors.map(({ policy, kind }) => ({ policy, kind })) } as OracleAnswer;
}

function describe(world: World, request: RequestJson | undefined, expected: unknown, found: unknown): string {
  const shown = { ...world, requests: request === undefined ? world.requests : [request] };
  return [
    "our engine differs from cedar-wasm",
    `expected: ${exactText(expected)}`,
    `found:    ${typeof found === "string" ? found : exactText(found)}`,
    `world:    ${exactText(shown)}`,
  ].join("\n");
}
