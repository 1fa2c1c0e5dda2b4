import type {
  ActionScope,
  Clause,
  EntityOrSlot,
  EntityScope,
  EntityUidJson,
  PolicyJson,
  Slot,
} from "../policy-json.ts";
import { drawLiteralId } from "./access.ts";
import { COLOUR, ENTITY_TYPES, GROUP, STRANGER } from "./names.ts";
import { BOOL } from "./type.ts";
import { unary, type Writer } from "./writer.ts";

/** A policy, or a template with these slots in its scope. */
export function writePolicy(writer: Writer, slots: readonly Slot[] = []): PolicyJson {
  const { choice } = writer;
  const scope = (slot: Slot): EntityScope =>
    slots.includes(slot) ? writeSlotScope(writer, slot) : writeScope(writer);
  const policy: PolicyJson = {
    effect: choice.chance(65) ? "permit" : "forbid",
    principal: scope("?principal"),
    action: writeActionScope(writer),
    resource: scope("?resource"),
    conditions: choice.many(0, 2, () => writeClause(writer)),
  };
  return choice.chance(10) ? { ...policy, annotations: { reason: "\u00e9" } } : policy;
}

/** A policy that its scope alone decides: of these a set can have many. */
export const writeScopes = (writer: Writer): PolicyJson => ({
  effect: writer.choice.chance(50) ? "permit" : "forbid",
  principal: writeScope(writer),
  action: writeActionScope(writer),
  resource: writeScope(writer),
  conditions: [],
});

function writeScope(writer: Writer): EntityScope {
  const { choice } = writer;
  return choice.weighted<EntityScope>([
    [15, () => ({ op: "All" })],
    [2, () => ({ op: "==", entity: drawNamed(writer) })],
    [3, () => ({ op: "in", entity: drawNamed(writer) })],
    [3, () => ({ op: "is", entity_type: drawTypeName(writer) })],
    [2, () => ({ op: "is", entity_type: drawTypeName(writer), in: { entity: drawNamed(writer) } })],
  ]);
}

function writeSlotScope(writer: Writer, slot: Slot): EntityScope {
  const filled: EntityOrSlot = { slot };
  return writer.choice.weighted<EntityScope>([
    [2, () => ({ op: "==", ...filled })],
    [2, () => ({ op: "in", ...filled })],
    [1, () => ({ op: "is", entity_type: drawTypeName(writer), in: filled })],
  ]);
}

function writeActionScope(writer: Writer): ActionScope {
  const { choice, universe } = writer;
  const named = [...universe.actions, ...universe.groups].map(({ uid }) => uid);
  return choice.weighted<ActionScope>([
    [8, () => ({ op: "All" })],
    [2, () => ({ op: "==", entity: { ...choice.one(named) } })],
    [2, () => ({ op: "in", entity: { ...choice.one(named) } })],
    [2, () => ({ op: "in", entities: choice.many(0, 3, () => ({ ...choice.one(named) })) })],
  ]);
}

/** Conditions are of Boolean type; now and then a long chain, which is deep in its JSON form. */
function writeClause(writer: Writer): Clause {
  const { choice } = writer;
  let body = writer.write(BOOL, choice.int(1, 4));
  if (choice.chance(1)) for (let i = choice.int(10, 40); i > 0; i--) body = unary("!", body);
  return { kind: choice.chance(75) ? "when" : "unless", body };
}

const drawTypeName = ({ choice }: Writer): string =>
  choice.chance(95) ? choice.one([...ENTITY_TYPES, COLOUR]) : STRANGER;

/** An entity that a scope or a link names: often one that others are in, in either of Cedar's two forms. */
export function drawNamed(writer: Writer): EntityUidJson {
  const { choice } = writer;
  const type = choice.chance(40) ? GROUP : drawTypeName(writer);
  const uid = { type, id: drawLiteralId(writer, type) };
  return choice.chance(25) ? { __entity: uid } : uid;
}
