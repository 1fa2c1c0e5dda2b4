import type { ExprJson } from "../policy-json.ts";
import { drawEntity, writeHas, writeHasTag } from "./access.ts";
import { STRANGER } from "./names.ts";
import { writeMatch, writePattern } from "./pattern.ts";
import { BOOL, type CedarType, entityType, LONG, STRING, setOf } from "./type.ts";
import { drawType } from "./universe.ts";
import { binary, call, type Theme, unary, type Writer } from "./writer.ts";

/** An operator whose value is a Boolean, with operands that fit. */
export function writeBoolean(writer: Writer, depth: number): ExprJson {
  const part = (type: CedarType): ExprJson => writer.write(type, depth - 1);
  const often = (theme: Theme, weight: number): number => (writer.theme === theme ? 8 : 1) * weight;
  return writer.choice.weighted<ExprJson>([
    [4, () => binary("&&", part(BOOL), part(BOOL))],
    [4, () => binary("||", part(BOOL), part(BOOL))],
    [3, () => unary("!", part(BOOL))],
    [5, () => writeEquality(writer, depth)],
    [often("numbers", 4), () => writeComparison(writer, depth)],
    [often("hierarchy", 4), () => writeIn(writer, depth)],
    [often("hierarchy", 2), () => writeIs(writer, depth)],
    [often("attributes", 3), () => writeHas(writer, depth)],
    [often("attributes", 2), () => writeHasTag(writer, depth)],
    [often("sets", 4), () => writeSetQuestion(writer, depth)],
    [often("strings", 3), () => writeLike(writer, depth)],
    [often("extensions", 3), () => writeExtensionQuestion(writer, depth)],
  ]);
}

function writeEquality(writer: Writer, depth: number): ExprJson {
  const { choice } = writer;
  const type = drawType(choice, 1);
  const left = writer.write(type, depth - 1);
  const right = choice.chance(20)
    ? left
    : writer.write(choice.chance(90) ? type : drawType(choice, 1), depth - 1);
  return binary(choice.one(["==", "!="]), left, right);
}

/** A pattern that a literal fits, or any pattern on any string. */
function writeLike(writer: Writer, depth: number): ExprJson {
  const { choice } = writer;
  const pattern = writePattern(choice);
  if (choice.chance(50)) return { like: { left: writer.write(STRING, depth - 1), pattern } };
  return { like: { left: { Value: writeMatch(choice, pattern) }, pattern } };
}

function writeComparison(writer: Writer, depth: number): ExprJson {
  const { choice } = writer;
  const type = choice.weighted<CedarType>([
    [writer.theme === "extensions" ? 1 : 4, () => LONG],
    [1, () => ({ kind: "datetime" })],
    [1, () => ({ kind: "duration" })],
  ]);
  const operator = choice.one(["<", "<=", ">", ">="] as const);
  return binary(operator, writer.write(type, depth - 1), writer.write(type, depth - 1));
}

function writeIn(writer: Writer, depth: number): ExprJson {
  const left = writer.write(drawEntity(writer), depth - 1);
  const target = drawEntity(writer);
  const right = writer.choice.chance(60) ? target : setOf(target);
  return binary("in", left, writer.write(right, depth - 1));
}

function writeIs(writer: Writer, depth: number): ExprJson {
  const { choice, universe } = writer;
  const left = writer.write(drawEntity(writer), depth - 1);
  const name = choice.one([...universe.entities.keys(), STRANGER, "Action"]);
  if (choice.chance(60)) return { is: { left, entity_type: name } };
  const group = choice.chance(70) ? drawEntity(writer) : setOf(drawEntity(writer));
  return { is: { left, entity_type: name, in: writer.write(group, depth - 1) } };
}

function writeSetQuestion(writer: Writer, depth: number): ExprJson {
  const { choice } = writer;
  const element = drawType(choice, choice.chance(80) ? 0 : 1);
  const set = writer.write(setOf(element), depth - 1);
  return choice.weighted<ExprJson>([
    [3, () => binary("contains", set, writer.write(element, depth - 1))],
    [2, () => binary("containsAll", set, writer.write(setOf(element), depth - 1))],
    [2, () => binary("containsAny", set, writer.write(setOf(element), depth - 1))],
    [1, () => unary("isEmpty", set)],
  ]);
}

function writeExtensionQuestion(writer: Writer, depth: number): ExprJson {
  const { choice } = writer;
  const of = (kind: "decimal" | "ipaddr"): ExprJson => writer.write({ kind }, depth - 1);
  return choice.weighted<ExprJson>([
    [4, () => call(choice.one(DECIMAL_COMPARISONS), of("decimal"), of("decimal"))],
    [2, () => call(choice.one(IP_QUESTIONS), of("ipaddr"))],
    [2, () => call("isInRange", of("ipaddr"), of("ipaddr"))],
    [1, () => call(choice.one(DECIMAL_COMPARISONS), ...choice.many(0, 3, () => of("decimal")))],
    [1, () => binary("in", writer.write(entityType("Action"), 0), writer.write(entityType("Action"), 0))],
  ]);
}

const DECIMAL_COMPARISONS = ["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"] as const;
const IP_QUESTIONS = ["isIpv4", "isIpv6", "isLoopback", "isMulticast"] as const;
