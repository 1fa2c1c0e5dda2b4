import type { ExprJson } from "../policy-json.ts";
import { drawLiteralId, writeAccess, writeBlindAccess } from "./access.ts";
import { accessorsOf } from "./accessor.ts";
import { writeBoolean } from "./boolean.ts";
import type { Choice } from "./choice.ts";
import { ATTRIBUTES, RESERVED_ATTRIBUTES } from "./names.ts";
import { BOOL, type CedarType, type Extension, isExtension, LONG, STRING } from "./type.ts";
import { drawType, type Universe } from "./universe.ts";
import { CONSTRUCTORS, drawEdge, drawExtensionText, drawValue, drawWrongText } from "./value.ts";
import { binary, call, conditional, THEMES, unary, type Writer } from "./writer.ts";

/** Writes expressions over a universe: mostly of the type asked for, so that they evaluate to something. */
export function createWriter(choice: Choice, universe: Universe): Writer {
  const writer: Writer = {
    choice,
    universe,
    accessors: accessorsOf(universe),
    theme: choice.one(THEMES),
    wrongPercent: choice.one([0, 2, 10]),
    write(type, depth) {
      if (choice.chance(writer.wrongPercent)) return writeWrong(writer, depth);
      return depth <= 0 ? writeLeaf(writer, type) : writeBranch(writer, type, depth);
    },
  };
  return writer;
}

function writeWrong(writer: Writer, depth: number): ExprJson {
  if (depth > 0 && writer.choice.chance(40)) return writeBlindAccess(writer, depth);
  const type = drawType(writer.choice, 1);
  return depth <= 0 ? writeLeaf(writer, type) : writeBranch(writer, type, depth);
}

/** Without parts: a variable where one fits, else a literal. */
function writeLeaf(writer: Writer, type: CedarType): ExprJson {
  const { choice, universe } = writer;
  if (type.kind === "Record" && choice.chance(70)) return { Var: "context" };
  if (type.kind === "Entity") return writeEntity(writer, type.name);
  if (isExtension(type) && choice.chance(80)) return writeConstructor(writer, type.kind);
  return { Value: drawValue(choice, universe, type, "written") };
}

function writeEntity(writer: Writer, type: string): ExprJson {
  const { choice } = writer;
  if (type === "Action" && choice.chance(50)) return { Var: "action" };
  if (choice.chance(60)) return { Var: choice.one(["principal", "resource"]) };
  const actions = [...writer.universe.actions, ...writer.universe.groups];
  if (type === "Action" && actions.length > 0) return { Value: { __entity: { ...choice.one(actions).uid } } };
  return { Value: { __entity: { type, id: drawLiteralId(writer, type) } } };
}

/** `decimal("1.0")`; sometimes with a text that is none, or too many arguments, or too few. */
function writeConstructor({ choice }: Writer, kind: Extension): ExprJson {
  const text = (): ExprJson => ({
    Value: choice.chance(95) ? drawExtensionText(choice, kind) : drawWrongText(choice),
  });
  if (choice.chance(3)) return call(CONSTRUCTORS[kind], ...choice.many(0, 3, text));
  return call(CONSTRUCTORS[kind], text());
}

function writeBranch(writer: Writer, type: CedarType, depth: number): ExprJson {
  return writer.choice.weighted<ExprJson>([
    [1, () => writeLeaf(writer, type)],
    [4, () => writeAccess(writer, type, depth)],
    [1, () => writeIf(writer, type, depth)],
    [type.kind === "Bool" ? 12 : 4, () => writeOperator(writer, type, depth)],
  ]);
}

function writeIf(writer: Writer, type: CedarType, depth: number): ExprJson {
  const condition = writer.write(BOOL, depth - 1);
  const then = writer.write(type, depth - 1);
  return conditional(condition, then, writer.write(type, depth - 1));
}

function writeOperator(writer: Writer, type: CedarType, depth: number): ExprJson {
  if (type.kind === "Bool") return writeBoolean(writer, depth);
  if (type.kind === "Long") return writeArithmetic(writer, depth);
  if (type.kind === "Set") {
    const element = (): ExprJson => writer.write(type.element, depth - 1);
    return { Set: writer.choice.many(0, drawSize(writer), element) };
  }
  if (type.kind === "Record") return writeRecord(writer, type, depth);
  if (type.kind === "datetime" || type.kind === "duration") return writeTime(writer, type.kind, depth);
  if (isExtension(type)) return call(CONSTRUCTORS[type.kind], writer.write(STRING, 0));
  return writeLeaf(writer, type);
}

/** Small sets and large ones may be kept in different ways. */
const drawSize = ({ choice }: Writer): number => (choice.chance(5) ? 24 : 4);

function writeArithmetic(writer: Writer, depth: number): ExprJson {
  const { choice } = writer;
  const long = (): ExprJson => writer.write(LONG, depth - 1);
  const operand = (): ExprJson => (choice.chance(50) ? { Value: drawEdge(choice) } : long());
  return choice.weighted<ExprJson>([
    [6, () => binary(choice.one(["+", "-", "*"]), operand(), operand())],
    [2, () => unary("neg", operand())],
    [2, () => call(choice.one(DURATION_COUNTS), writer.write({ kind: "duration" }, depth - 1))],
  ]);
}

function writeRecord(writer: Writer, type: CedarType & { kind: "Record" }, depth: number): ExprJson {
  const { choice } = writer;
  const members = [...type.attributes].map(
    ([name, attribute]) => [name, writer.write(attribute.type, depth - 1)] as const,
  );
  if (choice.chance(80)) return { Record: Object.fromEntries(members) };
  const stray = choice.one([...ATTRIBUTES, ...RESERVED_ATTRIBUTES]);
  return { Record: Object.fromEntries([...members, [stray, writer.write(drawType(choice, 0), 0)]]) };
}

function writeTime(writer: Writer, kind: "datetime" | "duration", depth: number): ExprJson {
  const part = (of: Extension): ExprJson => writer.write({ kind: of }, depth - 1);
  if (kind === "datetime") {
    return writer.choice.chance(60)
      ? call("offset", part("datetime"), part("duration"))
      : call("toDate", part("datetime"));
  }
  return writer.choice.chance(60)
    ? call("durationSince", part("datetime"), part("datetime"))
    : call("toTime", part("datetime"));
}

const DURATION_COUNTS = ["toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays"] as const;
