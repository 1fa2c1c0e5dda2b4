import type { ExprJson } from "../policy-json.ts";
import { ATTRIBUTES, ENTITY_IDS, RESERVED_ATTRIBUTES, TAGS } from "./names.ts";
import { type CedarType, nameOf, STRING } from "./type.ts";
import { binary, conditional, type Writer } from "./writer.ts";

/** Reads a value of a type from an attribute or a tag; a literal where the universe has none. */
export function writeAccess(writer: Writer, type: CedarType, depth: number): ExprJson {
  const accessors = writer.accessors.get(nameOf(type));
  if (accessors === undefined) return writer.write(type, 0);
  const { from, attribute } = writer.choice.one(accessors);
  const left = writer.write(from, depth - 1);
  if (attribute === undefined) return guarded(writer, type, binary("getTag", left, writeTag(writer, depth)));
  return guarded(writer, type, { ".": { left, attr: attribute } });
}

/** Sometimes a reading asks first whether there is something to read. */
function guarded(writer: Writer, type: CedarType, reading: ExprJson): ExprJson {
  if (!writer.choice.chance(25)) return reading;
  const presence = presenceOf(reading);
  if (presence === undefined) return reading;
  if (type.kind === "Bool") return binary("&&", presence, reading);
  return conditional(presence, reading, writer.write(type, 0));
}

function presenceOf(reading: ExprJson): ExprJson | undefined {
  if ("." in reading) return { has: reading["."] as { left: ExprJson; attr: string } };
  if ("getTag" in reading) return { hasTag: reading.getTag } as unknown as ExprJson;
  return undefined;
}

/** Whether an entity or record has an attribute, or a path of them. */
export function writeHas(writer: Writer, depth: number): ExprJson {
  const { choice } = writer;
  const left = writer.write(drawHolder(writer), depth - 1);
  const attr = choice.chance(70) ? drawName(writer) : choice.many(1, 3, () => drawName(writer));
  return { has: { left, attr } };
}

export function writeHasTag(writer: Writer, depth: number): ExprJson {
  return binary("hasTag", writer.write(drawEntity(writer), depth - 1), writeTag(writer, depth));
}

/** Reads something that need not be there, from something that need not have it. */
export function writeBlindAccess(writer: Writer, depth: number): ExprJson {
  const left = writer.write(drawHolder(writer), depth - 1);
  if (writer.choice.chance(30)) return binary("getTag", left, writeTag(writer, depth));
  return { ".": { left, attr: drawName(writer) } };
}

const writeTag = (writer: Writer, depth: number): ExprJson =>
  writer.choice.chance(80) ? { Value: writer.choice.one(TAGS) } : writer.write(STRING, depth - 1);

export function drawName({ choice }: Writer): string {
  return choice.one(choice.chance(90) ? ATTRIBUTES : RESERVED_ATTRIBUTES);
}

/** The type of something that has attributes. */
function drawHolder(writer: Writer): CedarType {
  const { choice, universe } = writer;
  if (choice.chance(50) && universe.actions.length > 0) return choice.one(universe.actions).context;
  return drawEntity(writer);
}

export function drawEntity({ choice, universe }: Writer): CedarType {
  return { kind: "Entity", name: choice.one([...universe.entities.keys()]) };
}

/** An entity that a policy names; sometimes one that nobody has heard of. */
export function drawLiteralId({ choice, universe }: Writer, type: string): string {
  const ids = universe.entities.get(type)?.ids ?? ENTITY_IDS;
  return choice.chance(90) ? choice.one(ids) : choice.one(ENTITY_IDS);
}
