import { canonicalize, type Json, type JsonObject, parseStrict } from "@countersign/proof/jcs";
import type { ToolCall } from "./protection.ts";
import { RequestRefused } from "./refusal.ts";

/** What the control plane takes in one request, in bytes, less what a record has besides what is measured here. */
const longestRecord = 256 * 1024 - 4_096;
const longestProof = 16_384;
const longestName = 200;

/**
 * Refuses a call that could run and never stand on record: one with arguments that the control plane cannot read
 * without doubt, or at all. Its sender chooses them, and nothing that runs may be left out by choice.
 *
 * @param shown what goes into the record besides, as it came
 * @throws RequestRefused `invalid_request`
 */
export function requireRecordable(
  { tool, args }: ToolCall,
  shown: { readonly proof?: string; readonly chain?: readonly string[] } = {},
): void {
  const { proof = "", chain = [] } = shown;
  const text = canonicalOf(args);
  const fits =
    text !== undefined &&
    tool.length <= longestName &&
    proof.length <= longestProof &&
    Object.keys(args).every((name) => name.length <= longestName) &&
    Buffer.byteLength(text) + chain.join("~").length + proof.length <= longestRecord;
  if (!fits || !hasPlainTexts(args)) throw unrecordable();
}

/** As it is read from a record: each number as it is, nested no deeper than a record allows. */
function canonicalOf(attackerArgs: JsonObject): string | undefined {
  try {
    const text = canonicalize({ args: attackerArgs });
    parseStrict(text);
    return text;
  } catch {
    return undefined;
  }
}

/** NUL is stored nowhere, and `__proto__` is no member to every reader. */
function hasPlainTexts(attackerValue: Json): boolean {
  if (typeof attackerValue === "string") return !attackerValue.includes("\0");
  if (typeof attackerValue !== "object" || attackerValue === null) return true;
  return Object.entries(attackerValue).every(
    ([name, value]) => name !== "__proto__" && !name.includes("\0") && hasPlainTexts(value),
  );
}

const unrecordable = (): RequestRefused =>
  new RequestRefused(
    "invalid_request",
    "A call with these arguments cannot be recorded; send fewer, shorter names, and integers within 2^53.",
  );
