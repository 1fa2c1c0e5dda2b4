/** Any JSON value, as JavaScript holds it. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

/** A JSON object. Read members with `Object.hasOwn` where the name is not ours. */
export type JsonObject = { [member: string]: Json };

/** How deep arrays and objects may nest, in texts read and in values written. */
export const maximumDepth = 64;

/** A text that is no strict JSON, or a value that JSON cannot hold. The message never repeats the content. */
export class JsonError extends SyntaxError {
  /** @param at where in the text, in UTF-16 code units; absent for values */
  constructor(problem: string, at?: number) {
    super(at === undefined ? problem : `${problem} at position ${at}`);
    this.name = "JsonError";
  }
}

/** Whether the value is a JSON object, not an array and not null. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
