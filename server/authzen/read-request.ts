import { isJsonObject, type Json, type JsonObject } from "@countersign/proof/jcs";
import { Fault } from "../lib/index.ts";
import {
  type AskedAction,
  type AskedEntity,
  type Evaluation,
  MOST_EVALUATIONS,
  type Properties,
  SEMANTICS,
  type Semantic,
} from "./wire.ts";

/**
 * Reads the requests of AuthZEN by hand: the schemas of `wire.ts` say the same and take several times as long.
 * Members that are not known are ignored, those that are must be of their type.
 */

/** Several questions in one request, each with what the request says for all. */
export interface Evaluations {
  readonly semantic: Semantic;
  /** Read, or why it cannot be: one wrong item is answered in its place. */
  readonly items: readonly (Evaluation | Fault)[];
}

export interface Page {
  readonly token?: string;
  readonly limit?: number;
}

/** A search: exactly one of the three is what is sought. */
export interface Search {
  readonly subject: { readonly type: string; readonly id?: string; readonly properties?: Properties };
  readonly action?: AskedAction;
  readonly resource: { readonly type: string; readonly id?: string; readonly properties?: Properties };
  readonly context?: Properties;
  readonly page?: Page;
}

/** What a search is for. */
export type Sought = "subject" | "resource" | "action";

/** @throws Fault `malformed` naming the place */
export function readEvaluation(attackerBody: Json): Evaluation {
  const body = objectAt(attackerBody, "it");
  const { context } = body;
  const subject = entityAt(body.subject, "subject");
  const action = actionAt(body.action, "action");
  const resource = entityAt(body.resource, "resource");
  return context === undefined
    ? { subject, action, resource }
    : { subject, action, resource, context: objectAt(context, "context") };
}

/**
 * @returns one question where there are no `evaluations`, which is then answered as one
 * @throws Fault `malformed` naming the place, for what is wrong about the request as a whole
 */
export function readEvaluations(attackerBody: Json): Evaluation | Evaluations {
  const body = objectAt(attackerBody, "it");
  const semantic = semanticOf(body.options);
  const { evaluations } = body;
  if (evaluations === undefined || (Array.isArray(evaluations) && evaluations.length === 0))
    return readEvaluation(body);
  if (!Array.isArray(evaluations)) throw wrong("evaluations", "a list is expected");
  if (evaluations.length > MOST_EVALUATIONS)
    throw wrong("evaluations", `at most ${MOST_EVALUATIONS} are answered at once`);
  requireDefaults(body);
  return {
    semantic,
    items: evaluations.map((item, i) => itemOf(body, objectAt(item, `evaluations.${i}`))),
  };
}

/** @throws Fault `malformed` naming the place */
export function readSearch(attackerBody: Json, sought: Sought): Search {
  const body = objectAt(attackerBody, "it");
  const { context, page } = body;
  return {
    subject: sought === "subject" ? typeAt(body.subject, "subject") : entityAt(body.subject, "subject"),
    ...(sought === "action" ? {} : { action: actionAt(body.action, "action") }),
    resource: sought === "resource" ? typeAt(body.resource, "resource") : entityAt(body.resource, "resource"),
    ...(context === undefined ? {} : { context: objectAt(context, "context") }),
    ...(page === undefined ? {} : { page: pageAt(page) }),
  };
}

/** What stands for all items must be right even if each item has its own. */
function requireDefaults({ subject, action, resource, context }: JsonObject): void {
  if (subject !== undefined) entityAt(subject, "subject");
  if (action !== undefined) actionAt(action, "action");
  if (resource !== undefined) entityAt(resource, "resource");
  if (context !== undefined) objectAt(context, "context");
}

/** What an item names replaces what the request names, whole: nothing is merged. */
function itemOf(defaults: JsonObject, item: JsonObject): Evaluation | Fault {
  const chosen = (member: string): Json | undefined =>
    Object.hasOwn(item, member) ? item[member] : defaults[member];
  const { subject, action, resource, context } = {
    subject: chosen("subject"),
    action: chosen("action"),
    resource: chosen("resource"),
    context: chosen("context"),
  };
  try {
    return readEvaluation(defined({ subject, action, resource, context }));
  } catch (fault) {
    if (fault instanceof Fault) return fault;
    throw fault;
  }
}

const defined = (members: Record<string, Json | undefined>): JsonObject =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as JsonObject;

function semanticOf(attackerOptions: Json | undefined): Semantic {
  if (attackerOptions === undefined) return "execute_all";
  const { evaluations_semantic: asked } = objectAt(attackerOptions, "options");
  if (asked === undefined) return "execute_all";
  const known = SEMANTICS.find((semantic) => semantic === asked);
  if (known !== undefined) return known;
  throw wrong("options.evaluations_semantic", `one of ${SEMANTICS.join(", ")} is expected`);
}

function pageAt(attackerPage: Json): Page {
  const { token, limit } = objectAt(attackerPage, "page");
  if (token !== undefined && typeof token !== "string") throw wrong("page.token", "text is expected");
  if (limit !== undefined && !(Number.isSafeInteger(limit) && Number(limit) >= 1))
    throw wrong("page.limit", "a whole number from 1 is expected");
  return {
    ...(token === undefined ? {} : { token }),
    ...(limit === undefined ? {} : { limit: Number(limit) }),
  };
}

function entityAt(attackerEntity: Json | undefined, place: string): AskedEntity {
  const { type, id, properties } = objectAt(attackerEntity, place);
  if (typeof type !== "string") throw wrong(`${place}.type`, "text is expected");
  if (typeof id !== "string") throw wrong(`${place}.id`, "text is expected");
  if (properties === undefined) return { type, id };
  return { type, id, properties: objectAt(properties, `${place}.properties`) };
}

function typeAt(attackerEntity: Json | undefined, place: string): { type: string } {
  const { type } = objectAt(attackerEntity, place);
  if (typeof type !== "string") throw wrong(`${place}.type`, "text is expected");
  return { type };
}

function actionAt(attackerAction: Json | undefined, place: string): AskedAction {
  const { name, properties } = objectAt(attackerAction, place);
  if (typeof name !== "string") throw wrong(`${place}.name`, "text is expected");
  if (properties === undefined) return { name };
  return { name, properties: objectAt(properties, `${place}.properties`) };
}

function objectAt(attackerValue: Json | undefined, place: string): JsonObject {
  if (isJsonObject(attackerValue)) return attackerValue;
  throw wrong(place, attackerValue === undefined ? "it is missing" : "an object is expected");
}

const wrong = (place: string, expected: string): Fault =>
  new Fault("malformed", `The body does not fit: ${place}: ${expected}.`, {
    remedy: "Compare it with the AuthZEN Authorization API 1.0.",
  });
