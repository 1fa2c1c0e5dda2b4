import type { z } from "zod";
import type { Caller, Code } from "../lib/index.ts";
import type { PeerKey } from "./peer-key.ts";

/** What an endpoint answers: a status, a body that its schema describes, headers. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends text or bytes as they are, with this content type, in place of JSON. */
  readonly contentType?: string;
  /** Keeps the connection and writes to it until the client leaves (server-sent events). */
  readonly stream?: (connection: StreamConnection) => void;
}

export interface StreamConnection {
  write(text: string): void;
  end(): void;
  onClose(callback: () => void): void;
}

/** The request itself, for the few routes whose proofs cover it (DPoP, cookies). Caller-controlled. */
export interface RawRequest {
  readonly method: string;
  /** The public URL: the configured origin and the path, never the Host header. Without a query. */
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly source: string;
  /** The key by which the client proved itself when the connection was made; the same object for all its requests. */
  readonly peer?: PeerKey | undefined;
}

export interface Input<Params = unknown, Query = unknown, Body = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The body as it came, where the route reads it itself. Caller-controlled. */
  readonly text?: string | undefined;
  readonly request: RawRequest;
}

/** How faults are told. */
export type Dialect = "problem" | "oauth" | "plain" | "page";

/** One endpoint without its address: schemas in and out, and what it does. The table in app gives it a place. */
export interface Route<
  Deps = never,
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
> {
  /** One sentence for the API's description. */
  readonly summary: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** How the body is encoded; JSON unless said otherwise. */
  readonly encoding?: "json" | "form" | "yaml";
  /** What a form's parameter is refused as that stands twice; `malformed` unless said otherwise. */
  readonly repeated?: Readonly<Record<string, Code>>;
  /**
   * Reads the body's text in place of `body`, which then only describes it: for the few routes that are asked
   * thousands of times a second, or that ignore what they do not know. @throws Fault
   */
  readonly readBody?: (attackerText: string) => z.output<Body>;
  /** As how many requests a body counts that asks for many things at once; one, unless said otherwise. */
  readonly weight?: (body: z.output<Body>) => number;
  /** The most that the body may hold, in bytes, where it is more than usual. */
  readonly bodyLimit?: number;
  /** Names of request headers whose values every answer repeats, refusals included. In lower case. */
  readonly echoes?: readonly string[];
  /** Bodies by status; errors are added by http. */
  readonly answers: Readonly<Record<number, z.ZodType | string>>;
  /**
   * How faults are told: `problem` (RFC 9457) unless the route speaks OAuth (RFC 6749 §5.2), or answers with
   * nothing but the message, as a JSON string (`plain`), or is read by a person in her browser (`page`).
   */
  readonly faults?: Dialect;
  handle(
    deps: Deps,
    caller: Caller,
    input: Input<z.output<Params>, z.output<Query>, z.output<Body>>,
  ): Promise<Answer>;
  /** Asked in place of `handle`, where there is often nothing to wait for and no turn to lose. */
  handleNow?(
    deps: Deps,
    caller: Caller,
    input: Input<z.output<Params>, z.output<Query>, z.output<Body>>,
  ): Promise<Answer> | Answer;
}

/**
 * Writes down a route with its types inferred from its schemas. Objects in `body`, `query` and `params`
 * must be strict (`z.strictObject`): unknown members are refused.
 */
export const route =
  <Deps>() =>
  <Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType>(
    definition: Route<Deps, Params, Query, Body>,
  ): Route<Deps, Params, Query, Body> =>
    definition;
