import { CompileError, ReadError } from "./error.ts";
import { typeNameOf } from "./name.ts";
import type {
  ActionScope,
  EntityScope,
  EntityUidJson,
  PolicyJson,
  Slot,
  TemplateLink,
} from "./policy-json.ts";
import { readUid } from "./read-value.ts";
import type { Uid } from "./uid.ts";

/** To which entities in one place of the request a policy applies. */
export type Constraint =
  | { readonly op: "All" }
  | { readonly op: "=="; readonly uid: Uid }
  /** In any of these; an empty list admits nothing. */
  | { readonly op: "in"; readonly uids: readonly Uid[] }
  | { readonly op: "is"; readonly type: string; readonly in: Uid | undefined };

/** To which requests a policy applies, with every slot filled. */
export interface Scope {
  readonly principal: Constraint;
  readonly action: Constraint;
  readonly resource: Constraint;
}

type Slots = TemplateLink["values"];

/**
 * Reads a policy's scope.
 *
 * @param slots what the slots of a template stand for
 * @throws CompileError when the scope is malformed or a slot has no value
 */
export function readScope(id: string, json: PolicyJson, slots: Slots): Scope {
  return {
    principal: at(id, "principal", () => entityConstraint(json.principal, slots)),
    action: at(id, "action", () => actionConstraint(json.action)),
    resource: at(id, "resource", () => entityConstraint(json.resource, slots)),
  };
}

function at(id: string, place: string, read: () => Constraint): Constraint {
  try {
    return read();
  } catch (error) {
    if (error instanceof ReadError) throw new CompileError(id, place, error.message);
    throw error;
  }
}

function entityConstraint(json: EntityScope, slots: Slots): Constraint {
  switch (json?.op) {
    case "All":
      return { op: "All" };
    case "==":
      return { op: "==", uid: entityOrSlot(json, slots) };
    case "in":
      return { op: "in", uids: [entityOrSlot(json, slots)] };
    case "is":
      return { op: "is", type: entityType(json.entity_type), in: json.in && entityOrSlot(json.in, slots) };
    default:
      throw new ReadError("", "The scope is none of All, ==, in and is.");
  }
}

function actionConstraint(json: ActionScope): Constraint {
  switch (json?.op) {
    case "All":
      return { op: "All" };
    case "==":
      return { op: "==", uid: readUid(json.entity, []) };
    case "in":
      return {
        op: "in",
        uids: ("entities" in json ? json.entities : [json.entity]).map((uid) => readUid(uid, [])),
      };
    default:
      throw new ReadError("", "The scope of the action is none of All, == and in.");
  }
}

function entityOrSlot(json: { entity: EntityUidJson } | { slot: Slot }, slots: Slots): Uid {
  if (!("slot" in json)) return readUid(json.entity, []);
  const value = Object.hasOwn(slots, json.slot) ? slots[json.slot] : undefined;
  if (value === undefined) throw new ReadError("", `The slot ${json.slot} has no value.`);
  return readUid(value, []);
}

function entityType(text: string): string {
  const name = typeof text === "string" ? typeNameOf(text) : undefined;
  if (name === undefined) throw new ReadError("", "The scope names no valid entity type.");
  return name;
}
