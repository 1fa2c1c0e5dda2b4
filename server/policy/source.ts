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
  const before = place.text.slice(0, place.offset).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  return {
    severity,
    file: place.file,
    ...(policy === "" ? {} : { policy }),
    line: before.length,
    column,
    message,
  };
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
