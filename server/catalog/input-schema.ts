import { z } from "zod";
import { printableText } from "../registry/index.ts";

/** How deep an input schema may nest: deeper ones are data, not arguments to judge. */
const MOST_DEPTH = 4;
const MOST_PROPERTIES = 64;

/** A name that Cedar, JSON and people read alike; no `__entity`, no `__proto__`. */
const ARGUMENT_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** The type of one argument, in the part of JSON Schema that we can carry exactly into a decision. */
export type ArgumentType =
  | { type: "integer" | "number" | "string" | "boolean"; title?: string; description?: string }
  | { type: "array"; title?: string; description?: string; items?: ArgumentType }
  | ({ type: "object" } & Partial<ObjectType>);

interface ObjectType {
  title?: string;
  description?: string;
  properties: Record<string, ArgumentType>;
  required?: string[];
  additionalProperties?: false;
}

/** What a tool takes: an object of named arguments. */
export type InputSchema = { type: "object" } & ObjectType;

const words = printableText(2_000).optional();
const notes = { title: words, description: words };

function argumentType(depth: number): z.ZodType<ArgumentType> {
  const scalar = z.strictObject({ type: z.enum(["integer", "number", "string", "boolean"]), ...notes });
  const inner = depth < MOST_DEPTH ? z.lazy(() => argumentType(depth + 1)) : scalar;
  const list = z.strictObject({ type: z.literal("array"), items: inner.optional(), ...notes });
  const record = z.strictObject({ type: z.literal("object"), ...objectMembers(inner) });
  return z.discriminatedUnion("type", [scalar, list, record]) as z.ZodType<ArgumentType>;
}

const objectMembers = (inner: z.ZodType) => ({
  properties: properties(inner).optional(),
  required: z.array(z.string()).optional(),
  additionalProperties: z.literal(false).optional(),
  ...notes,
});

const NAMING = "An argument's name starts with a letter and has letters, digits, - and _.";

/** Names are looked at before the record is read, because reading one drops `__proto__` without a word. */
const properties = (inner: z.ZodType) =>
  z
    .custom<Record<string, unknown>>(
      (value) => typeof value === "object" && value !== null,
      "Name each argument.",
    )
    .refine((found) => Object.keys(found).every((name) => ARGUMENT_NAME.test(name)), NAMING)
    .refine((found) => Object.keys(found).length <= MOST_PROPERTIES, {
      error: `A tool takes at most ${MOST_PROPERTIES} arguments.`,
    })
    .pipe(z.record(z.string(), inner));

/**
 * The part of JSON Schema that a tool's arguments may be declared in: an object of properties of type
 * integer, number, string, boolean, array or object, with a list of those required. Every other keyword
 * refuses, because a rule that looks enforced and is not would be worse than none.
 */
export const inputSchema = z
  .strictObject({
    type: z.literal("object"),
    ...objectMembers(argumentType(1)),
    properties: properties(argumentType(1)),
  })
  .superRefine((schema, context) => {
    for (const path of undeclared(schema as InputSchema, [])) {
      context.addIssue({
        code: "custom",
        path: [...path, "required"],
        message: "`required` names an argument that is not declared.",
      });
    }
  }) as unknown as z.ZodType<InputSchema>;

/** Where `required` names what `properties` does not. */
function undeclared(type: ArgumentType, path: string[]): string[][] {
  if (type.type === "array")
    return type.items === undefined ? [] : undeclared(type.items, [...path, "items"]);
  if (type.type !== "object") return [];
  const declared = type.properties ?? {};
  const wrong = (type.required ?? []).some((name) => !Object.hasOwn(declared, name));
  const below = Object.entries(declared).flatMap(([name, inner]) =>
    undeclared(inner, [...path, "properties", name]),
  );
  return wrong ? [path, ...below] : below;
}
