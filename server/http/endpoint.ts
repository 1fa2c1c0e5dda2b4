import type { Role } from "../lib/index.ts";
import type { Route } from "./route.ts";

/** Who may call an endpoint. A role stands for the people who have it. */
export type Who = "anyone" | "person" | "agent" | "service" | "host" | Role;

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** How often one source may call: see `rate.ts`. */
export type RateClass = "sign-in" | "token" | "read" | "write" | "feed" | "page" | "decision";

/**
 * A row of the one table of endpoints (app/endpoints.ts): nothing is served outside it. A route's types are
 * checked where it is written; in the table it is only carried.
 */
export interface Endpoint<Deps> {
  readonly method: Method;
  readonly path: string;
  // biome-ignore lint/suspicious/noExplicitAny: rows hold routes of every shape
  readonly route: Route<Deps, any, any, any>;
  readonly who: readonly Who[];
  readonly rate: RateClass;
  /** The name of what is attempted here, in the log. */
  readonly audit: string;
  /** Served only on a connection whose client has proven a key of its own by a certificate (mTLS). */
  readonly mtls?: true;
}
