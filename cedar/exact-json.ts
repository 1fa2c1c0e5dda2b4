import { ReadError } from "./error.ts";

/** What could be rounded by JSON.parse: sixteen digits in a row, a fraction or an exponent. */
const suspicious = /\d{16}|\d[.eE]/;
const integerForm = /^-?(?:0|[1-9]\d*)$/;

/**
 * Parses JSON without rounding: an integer beyond 2^53 becomes a bigint, a number with a fraction or an
 * exponent is refused, as Cedar has none.
 *
 * @param text JSON, perhaps under an attacker's control
 * @throws ReadError when the text is no JSON, nests too deeply, or has a number that is no integer
 */
export function parseExactJson(text: string): unknown {
  try {
    return suspicious.test(text) ? JSON.parse(text, exactNumber) : JSON.parse(text);
  } catch (error) {
    if (error instanceof ReadError) throw error;
    const reason = error instanceof RangeError ? "The JSON nests too deeply." : "This is not JSON.";
    throw new ReadError("", reason);
  }
}

function exactNumber(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number") return value;
  const source = context?.source ?? String(value);
  if (!integerForm.test(source)) throw new ReadError("", "A number in the JSON is not an integer.");
  return Number.isSafeInteger(value) ? value : BigInt(source);
}
