/** Any token of ours, read for people: link by link, without trusting it. Data out; rendering is elsewhere. */
export { inspectToken } from "./inspect.ts";
export type {
  InspectedPart,
  Inspection,
  Party,
  Problem,
  SignatureFound,
  TokenKind,
} from "./inspection.ts";
export { span } from "./took-away.ts";
