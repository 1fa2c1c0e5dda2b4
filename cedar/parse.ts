/**
 * Cedar text into the JSON forms that `@countersign/cedar` compiles. Only this file uses cedar-wasm, whose
 * memory grows and is never given back: a server parses in a worker, and hands the result over.
 */
import {
  type DetailedError,
  policyToJson,
  schemaToJsonWithResolvedTypes,
  templateToJson,
} from "@cedar-policy/cedar-wasm/nodejs";
import { largeIntegers, parseExactly } from "./parse/exact-integers.ts";
import { excess, hasSlot, type Statement, statementsOf } from "./parse/statement.ts";
import type { PolicyJson, PolicySource } from "./policy-json.ts";
import type { SchemaJson } from "./schema/schema-json.ts";

/** Something wrong in a text, from `start` to before `end`, in positions of the JavaScript string. */
export interface Problem {
  readonly message: string;
  readonly help: string | undefined;
  readonly start: number;
  readonly end: number;
}

/** Where one policy or template stands in the text. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** Policies parsed from text; or the problems, and then no policies. */
export type ParsedPolicies =
  | {
      readonly source: PolicySource;
      readonly places: ReadonlyMap<string, Place>;
      readonly problems: readonly [];
    }
  | { readonly source: undefined; readonly problems: readonly Problem[] };

/** How policies get their ids: `policy0`, `policy1`… by position, or by their `@id` where they have one. */
export type Naming = "position" | "annotation";

/**
 * Parses policies and templates. Integers are exact over all 64 bits.
 *
 * @param text Cedar policies, perhaps under an attacker's control
 * @param naming by position as cedar-wasm does, or by `@id`
 */
export function parsePolicies(text: string, naming: Naming = "position"): ParsedPolicies {
  const policies = new Map<string, PolicyJson>();
  const templates = new Map<string, PolicyJson>();
  const places = new Map<string, Place>();
  const problems: Problem[] = [];
  for (const statement of statementsOf(text)) {
    const parsed = parseStatement(text, statement);
    if (parsed.json === undefined) {
      problems.push(...parsed.problems);
      continue;
    }
    const id = idOf(parsed.json, policies.size + templates.size, naming);
    if (places.has(id)) problems.push(problemAt(statement, `The id ${JSON.stringify(id)} is given twice.`));
    places.set(id, { start: statement.start, end: statement.end });
    (hasSlot(text, statement) ? templates : policies).set(id, parsed.json);
  }
  if (problems.length > 0) return { source: undefined, problems };
  const source = { policies: Object.fromEntries(policies), templates: Object.fromEntries(templates) };
  return { source, places, problems: [] };
}

function idOf(json: PolicyJson, position: number, naming: Naming): string {
  const annotated = naming === "annotation" ? json.annotations?.id : undefined;
  return annotated ?? `policy${position}`;
}

type ParsedStatement =
  | { readonly json: PolicyJson }
  | { readonly json: undefined; readonly problems: readonly Problem[] };

function parseStatement(text: string, statement: Statement): ParsedStatement {
  const tooMuch = excess(text, statement);
  if (tooMuch !== undefined) return { json: undefined, problems: [problemAt(statement, tooMuch)] };
  const parse = hasSlot(text, statement) ? templateToJson : policyToJson;
  const answer = parse(text.slice(statement.start, statement.end));
  if (answer.type === "failure") {
    return { json: undefined, problems: answer.errors.map((error) => problemOf(error, text, statement)) };
  }
  const large = largeIntegers(text, statement);
  if (large.length === 0) return { json: answer.json as PolicyJson };
  const json = parseExactly(text, statement, large, answer.json, (marked) => {
    const again = parse(marked);
    if (again.type === "success") return again.json;
    throw new Error("A policy that was valid is not, once its large integers are strings.");
  });
  return { json: json as PolicyJson };
}

function problemAt({ start, end }: Place, message: string): Problem {
  return { message, help: undefined, start, end };
}

/** The parser counts bytes from the start of the statement. */
function problemOf(error: DetailedError, text: string, statement: Statement): Problem {
  const location = error.sourceLocations?.[0];
  if (location === undefined)
    return { ...problemAt(statement, error.message), help: error.help ?? undefined };
  const bytes = new TextEncoder().encode(text.slice(statement.start, statement.end));
  const position = (offset: number): number => {
    return statement.start + new TextDecoder().decode(bytes.subarray(0, offset)).length;
  };
  const { start, end } = location;
  return {
    message: error.message,
    help: error.help ?? undefined,
    start: position(start),
    end: position(end),
  };
}

/** A schema parsed from text, or the problems. */
export type ParsedSchema =
  | { readonly schema: SchemaJson; readonly problems: readonly [] }
  | { readonly schema: undefined; readonly problems: readonly Problem[] };

/** Parses a schema. */
export function parseSchema(text: string): ParsedSchema {
  const whole = { start: 0, end: text.length, tokens: [] };
  const answer = schemaToJsonWithResolvedTypes(text);
  if (answer.type === "success") return { schema: answer.json as SchemaJson, problems: [] };
  return { schema: undefined, problems: answer.errors.map((error) => problemOf(error, text, whole)) };
}
