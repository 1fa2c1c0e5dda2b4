import { type Json, JsonError, type JsonObject, maximumDepth } from "./json.ts";

const encoder = new TextEncoder();

/**
 * The one canonical text of a JSON value: members sorted by UTF-16 code units, no white space, numbers as
 * ECMAScript writes them. What is hashed or signed is this text.
 *
 * @throws JsonError for what JSON cannot hold: NaN, infinities, undefined, lone surrogates, objects with a
 *   class, cycles, and anything nested deeper than 64
 * @see RFC 8785
 */
export function canonicalize(value: Json): string {
  return write(value, 0);
}

/** The canonical text as UTF-8 bytes. */
export function canonicalBytes(value: Json): Uint8Array {
  return encoder.encode(canonicalize(value));
}

/** Texts in which nothing has to be escaped, and nothing can be malformed: most of them. */
const asItIs = /^[ !#-[\]-~]*$/;

/** Takes `unknown`, because the type of the caller's value is only a promise. */
function write(value: unknown, depth: number): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return writeString(value);
  if (typeof value === "number") return writeNumber(value);
  if (typeof value !== "object") throw new JsonError(`JSON cannot hold a value of type ${typeof value}`);
  if (depth === maximumDepth) throw new JsonError("the value is nested too deeply or contains itself");
  if (Array.isArray(value)) return writeArray(value, depth + 1);
  if (isPlain(value)) return writeObject(value, depth + 1);
  throw new JsonError("JSON cannot hold an object that has a class");
}

function writeString(value: string): string {
  if (asItIs.test(value)) return `"${value}"`;
  if (!value.isWellFormed()) throw new JsonError("a string holds a lone surrogate");
  return JSON.stringify(value);
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new JsonError("JSON cannot hold NaN or an infinity");
  return String(value === 0 ? 0 : value);
}

function writeArray(values: unknown[], depth: number): string {
  let text = "[";
  for (let i = 0; i < values.length; i++) text += (i === 0 ? "" : ",") + write(values[i], depth);
  return `${text}]`;
}

function writeObject(value: JsonObject, depth: number): string {
  let text = "{";
  for (const member of sortedKeys(value)) {
    text += `${(text === "{" ? "" : ",") + writeString(member)}:${write(value[member], depth)}`;
  }
  return `${text}}`;
}

/** Sorting costs more than looking, and what was read from canonical text is sorted. */
function sortedKeys(value: JsonObject): string[] {
  const keys = Object.keys(value);
  return isRising(keys) ? keys : keys.sort();
}

/** Whether texts are in the order of RFC 8785, by UTF-16 code units, none of them twice. */
export function isRising(texts: readonly string[]): boolean {
  for (let i = 1; i < texts.length; i++) {
    if (!((texts[i - 1] ?? "") < (texts[i] ?? ""))) return false;
  }
  return true;
}

function isPlain(value: object): value is JsonObject {
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object from another realm (a vm context, an iframe) is plain as well: its prototype is the last one.
  const plain = prototype === null || prototype === Object.prototype || isLastPrototype(prototype);
  return plain && Object.getOwnPropertySymbols(value).length === 0;
}

function isLastPrototype(prototype: unknown): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "hasOwnProperty");
}
