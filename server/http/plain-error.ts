import type { Code, Fault } from "../lib/index.ts";
import { statusOf } from "./problem.ts";

/** Where callers are told by fewer statuses: what cannot be understood is a bad request, whatever it is about. */
const BAD_REQUESTS: ReadonlySet<Code> = new Set(["malformed", "invalid", "unsupported-media-type"]);

export const plainStatusOf = (code: Code): number => (BAD_REQUESTS.has(code) ? 400 : statusOf(code));

/** The message alone, with what to do next. */
export const plainErrorOf = ({ message, remedy }: Fault): string =>
  remedy === undefined ? message : `${message} ${remedy}`;
