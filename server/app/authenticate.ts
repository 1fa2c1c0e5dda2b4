import type { RawRequest } from "../http/index.ts";
import { type Caller, Fault, nobody } from "../lib/index.ts";
import { offeredSession, sameOrigin, sessionCaller } from "../login/index.ts";
import { authenticateToken } from "../oauth/index.ts";
import { authenticateHost } from "./authenticate-host.ts";
import type { ServerDeps } from "./server-deps.ts";

const READING = new Set(["GET", "HEAD"]);

/**
 * Who sends a request to our own API: an agent or a service by a token and what that is bound to, a machine by
 * its key, a service by the certificate of its connection where it sends nothing else, a person by her session, or nobody. What was offered and does
 * not hold is refused, never taken for nothing.
 * @throws Fault `unauthenticated`, `forbidden` for a cookie used from another origin
 */
export function authenticate(deps: ServerDeps, request: RawRequest): Promise<Caller> | Caller {
  const { headers, peer, source } = request;
  if (peer !== undefined && headers.authorization === undefined && offeredSession(request) === undefined)
    return deps.certificates.caller(peer, source);
  return authenticateRequest(deps, request);
}

async function authenticateRequest(deps: ServerDeps, request: RawRequest): Promise<Caller> {
  const { authorization } = request.headers;
  if (typeof authorization === "string" && /^(dpop|bearer) /i.test(authorization))
    return authenticateToken(deps, request);
  if (typeof authorization === "string" && /^host /i.test(authorization))
    return authenticateHost(deps, request);
  const offered = offeredSession(request);
  if (offered === undefined) {
    if (authorization === undefined) return nobody(request.source);
    throw new Fault("unauthenticated", "This kind of Authorization is not accepted here.", {
      remedy: "Send a DPoP-bound access token (Authorization: DPoP …) or a session.",
    });
  }
  return personOf(deps, request, offered);
}

async function personOf(
  deps: ServerDeps,
  request: RawRequest,
  { attackerToken, from }: NonNullable<ReturnType<typeof offeredSession>>,
): Promise<Caller> {
  if (from === "cookie" && !READING.has(request.method) && !sameOrigin(request, deps.issuer)) {
    throw new Fault("forbidden", "This request was sent from another site.", {
      remedy: `Use the pages of ${deps.issuer}.`,
    });
  }
  const caller = await sessionCaller(deps, attackerToken);
  if (caller !== undefined) return caller;
  // A browser keeps sending an old cookie; pages and sign-in must stay reachable with it.
  if (from === "cookie") return nobody(request.source);
  throw new Fault("unauthenticated", "The session has ended.", { remedy: "Sign in again." });
}
