import type { DetailedError } from "@cedar-policy/cedar-wasm/nodejs";
import type { Problem } from "./policy.ts";

/** A point in a file. */
export interface Place {
  readonly file: string;
  readonly text: string;
  /** In UTF-16 code units. */
  readonly offset: number;
}

/** A problem at this place. */
export function at(
  place: Place,
  message: string,
  policy = "",
  severity: Problem["severity"] = "error",
): Problem {
  const { file, line, column } = positionOf(place);
  return { severity, file, ...(policy === "" ? {} : { policy }), line, column, message };
}

/** Line and column, counted from 1; the column in UTF-16 code units. */
export function positionOf({ file, text, offset }: Place): { file: string; line: number; column: number } {
  const lineStart = offset === 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1;
  let line = 1;
  for (let end = text.indexOf("\n"); end >= 0 && end < offset; end = text.indexOf("\n", end + 1)) line += 1;
  return { file, line, column: offset - lineStart + 1 };
}

/** What Cedar says of the text that starts at this place. It counts in bytes of UTF-8. */
export function within(
  place: Place,
  { message, help, sourceLocations }: DetailedError,
  policy = "",
  severity: Problem["severity"] = "error",
): Problem {
  const start = sourceLocations?.[0]?.start ?? 0;
  const characters = Buffer.from(place.text.slice(place.offset)).subarray(0, start).toString().length;
  const sentence = help === null ? message : `${message} (${help})`;
  return at({ ...place, offset: place.offset + characters }, sentence, policy, severity);
}
