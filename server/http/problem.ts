import type { Code, Fault } from "../lib/index.ts";

interface Problem {
  readonly status: number;
  readonly title: string;
}

/** Every fault as a problem (RFC 9457). The compiler refuses a code without a row. */
const PROBLEMS: Record<Code, Problem> = {
  malformed: { status: 400, title: "The request cannot be read" },
  invalid: { status: 422, title: "The request makes no sense" },
  "too-large": { status: 413, title: "The request is too large" },
  "unsupported-media-type": { status: 415, title: "The content type is not understood here" },
  "method-not-allowed": { status: 405, title: "The method is not allowed here" },
  unauthenticated: { status: 401, title: "Who are you?" },
  forbidden: { status: 403, title: "You may not ask this" },
  denied: { status: 403, title: "Denied" },
  "approval-required": { status: 403, title: "A person must approve this first" },
  "not-found": { status: 404, title: "There is no such thing" },
  exists: { status: 409, title: "The name is taken" },
  conflict: { status: 409, title: "The state does not allow it" },
  gone: { status: 410, title: "Over" },
  replayed: { status: 401, title: "A one-time proof was used twice" },
  "rate-limited": { status: 429, title: "Too many requests" },
  busy: { status: 503, title: "Too busy" },
  unavailable: { status: 503, title: "Not available now" },
  internal: { status: 500, title: "An error of this server" },
  "invalid-client": { status: 401, title: "The client could not be authenticated" },
  "invalid-dpop-proof": { status: 401, title: "The DPoP proof does not hold" },
  "use-dpop-nonce": { status: 401, title: "The DPoP proof needs a nonce of this server" },
  "invalid-grant": { status: 400, title: "The grant does not hold" },
  "invalid-request": { status: 400, title: "The request does not hold" },
  "invalid-scope": { status: 400, title: "The scope is not known" },
  "invalid-target": { status: 400, title: "The resource is not known" },
  "invalid-authorization-details": { status: 400, title: "The authorization details do not hold" },
  "unauthorized-client": { status: 403, title: "The client may not use this grant" },
  "unsupported-grant-type": { status: 400, title: "The grant type is not known" },
  "authorization-pending": { status: 403, title: "A person must approve this first" },
  "slow-down": { status: 429, title: "Ask less often" },
  "expired-token": { status: 410, title: "The request for approval has expired" },
  "access-denied": { status: 403, title: "Denied" },
};

export const statusOf = (code: Code): number => PROBLEMS[code].status;

/** The body of a problem answer: what happened, what to do next, and the event that recorded it. */
export function problemOf(fault: Fault): Record<string, unknown> {
  const { status, title } = PROBLEMS[fault.code];
  return {
    type: `urn:countersign:problem:${fault.code}`,
    title,
    status,
    detail: fault.message,
    ...(fault.remedy === undefined ? {} : { remedy: fault.remedy }),
    ...(fault.recordedAs?.startsWith("event_") ? { event: fault.recordedAs } : {}),
    ...fault.members,
  };
}

/** On every answer that does not say otherwise. */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};
