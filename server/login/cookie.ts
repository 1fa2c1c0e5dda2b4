import type { RawRequest } from "../http/index.ts";
import type { Session } from "./session.ts";

const NAME = "countersign_session";
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** `Set-Cookie` for a new session. Scripts cannot read it and other sites cannot send it. */
export function sessionCookie(issuer: string, token: string, session: Session): string {
  const maxAge = Math.floor((session.expires - session.created) / 1000);
  return `${NAME}=${token}; Max-Age=${maxAge}; ${attributes(issuer)}`;
}

/** `Set-Cookie` that takes the session's cookie away. */
export const endedCookie = (issuer: string): string => `${NAME}=; Max-Age=0; ${attributes(issuer)}`;

const attributes = (issuer: string): string =>
  `Path=/; HttpOnly; SameSite=Strict${issuer.startsWith("https:") ? "; Secure" : ""}`;

/** What a request offers in proof of a session, and by which way. Only a look at the headers: nothing is checked. */
export interface OfferedSession {
  readonly attackerToken: string;
  /** A cookie is sent by the browser on its own, so what it authenticates must also be `sameOrigin`. */
  readonly from: "cookie" | "header";
}

/**
 * Finds the session token of a request: `Authorization: Session <token>` from a terminal, else the cookie.
 * Two cookies of the name are none: another program on this host may have planted one.
 */
export function offeredSession(request: Pick<RawRequest, "headers">): OfferedSession | undefined {
  const { authorization, cookie } = request.headers;
  if (typeof authorization === "string" && authorization.startsWith("Session ")) {
    return offered(authorization.slice("Session ".length), "header");
  }
  if (authorization !== undefined || typeof cookie !== "string") return undefined;
  const values = cookie.split(";").map((pair) => pair.trim());
  const ours = values.filter((pair) => pair.startsWith(`${NAME}=`));
  return ours.length === 1 ? offered(String(ours[0]).slice(NAME.length + 1), "cookie") : undefined;
}

const offered = (attackerToken: string, from: OfferedSession["from"]): OfferedSession | undefined =>
  TOKEN.test(attackerToken) ? { attackerToken, from } : undefined;

/**
 * Whether a request comes from our own pages. Whatever changes state on the strength of a cookie must: the
 * browser sets `Origin` itself on every POST, and a request without one is not from a page of ours.
 */
export const sameOrigin = (request: Pick<RawRequest, "headers">, issuer: string): boolean =>
  request.headers.origin === issuer;
