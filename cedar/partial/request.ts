import { type ContextInput, readContext } from "../context.ts";
import type { EntityStore } from "../entity.ts";
import { ReadError } from "../error.ts";
import { typeNameOf } from "../name.ts";
import type { EntityUid, Variable } from "../policy-json.ts";
import type { Request } from "../policy-set.ts";
import type { CedarRecord } from "../record.ts";
import type { Asked } from "../scope-index.ts";
import { Uid } from "../uid.ts";
import type { Scene } from "./evaluate.ts";
import { known, type Outcome, open } from "./outcome.ts";
import { fill, type Unknowns, unknownsIn } from "./unknowns.ts";

/** An entity that is not known yet; its type perhaps is. */
export interface UnknownEntity {
  readonly unknown: string | undefined;
}

/** A request of which parts are not known yet. All of it may be under a caller's control. */
export interface PartialRequest {
  readonly principal: EntityUid | UnknownEntity;
  readonly action: EntityUid | UnknownEntity;
  readonly resource: EntityUid | UnknownEntity;
  /** What is known of the context. */
  readonly context: ContextInput;
  /**
   * Members of the context that are not known: "context.args.amount", or ["args", "amount"] for names with
   * dots in them; "context" is all of it. An unknown member may turn out to be missing.
   */
  readonly unknowns?: readonly (string | readonly string[])[];
}

/** What was unknown, once it is known. Members of the context that stay away are missing. */
export interface Known {
  readonly principal?: EntityUid;
  readonly action?: EntityUid;
  readonly resource?: EntityUid;
  /** Only what was unknown. */
  readonly context?: ContextInput;
}

/** A partial request made ready. */
export interface Question {
  readonly principal: Asked;
  readonly action: Asked;
  readonly resource: Asked;
  readonly context: CedarRecord;
  readonly unknowns: Unknowns;
}

type EntityVariable = Exclude<Variable, "context">;

/** @throws ReadError when the context is no Cedar record, or something is both given and unknown */
export function questionFrom(request: PartialRequest): Question {
  const context = readContext(request.context);
  return {
    principal: asked(request.principal, "principal"),
    action: asked(request.action, "action"),
    resource: asked(request.resource, "resource"),
    context,
    unknowns: unknownsIn(context, request.unknowns ?? []),
  };
}

function asked(entity: EntityUid | UnknownEntity, variable: EntityVariable): Asked {
  if (!Object.hasOwn(entity, "unknown")) return Uid.from(entity as EntityUid);
  const { unknown } = entity as UnknownEntity;
  const sound = unknown === undefined || typeNameOf(unknown) !== undefined;
  if (sound && !Object.hasOwn(entity, "id")) return { unknown };
  throw new ReadError(
    variable,
    "An unknown entity is given as { unknown: type }, or { unknown: undefined }.",
  );
}

/** What policies see of the question. */
export function sceneOf(question: Question, entities: EntityStore): Scene {
  return {
    entities,
    variables: {
      principal: variableOf(question.principal, "principal"),
      action: variableOf(question.action, "action"),
      resource: variableOf(question.resource, "resource"),
      context: contextOf(question),
    },
  };
}

function variableOf(entity: Asked, variable: EntityVariable): Outcome {
  if (!("unknown" in entity)) return known(entity);
  const outcome = open({ Var: variable }, "entity", true);
  return entity.unknown === undefined ? outcome : { ...outcome, entityType: entity.unknown };
}

function contextOf({ context, unknowns }: Question): Outcome {
  const outcome = open({ Var: "context" }, "record", true);
  if (unknowns === "all") return outcome;
  return unknowns.size === 0
    ? known(context)
    : { ...outcome, members: { known: context, unknown: unknowns } };
}

/**
 * The whole request, once everything is known.
 *
 * @throws ReadError when something is still unknown, was known otherwise, or is of another type than was said
 */
export function completed(question: Question, made: Known): Request {
  return {
    principal: completedEntity(question.principal, made.principal, "principal"),
    action: completedEntity(question.action, made.action, "action"),
    resource: completedEntity(question.resource, made.resource, "resource"),
    context: completedContext(question, readContext(made.context ?? {})),
  };
}

function completedEntity(asked: Asked, made: EntityUid | undefined, variable: EntityVariable): Uid {
  if (!("unknown" in asked)) {
    if (made === undefined) return asked;
    throw new ReadError(variable, "Only what was unknown can be made known now.");
  }
  if (made === undefined) throw new ReadError(variable, "The entity is still unknown.");
  if (asked.unknown === undefined || asked.unknown === made.type) return Uid.from(made);
  throw new ReadError(variable, `The entity was said to be of type ${asked.unknown}.`);
}

function completedContext({ context, unknowns }: Question, made: CedarRecord): CedarRecord {
  return unknowns === "all" ? made : fill({ known: context, unknown: unknowns }, made, ["context"]);
}
