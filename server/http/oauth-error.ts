import type { Code, Fault } from "../lib/index.ts";

type OAuthError = readonly [status: number, error: string];

/** Every fault as an OAuth error (RFC 6749 §5.2, RFC 8693 §2.2.2, RFC 8628 §3.5, RFC 9396 §5, RFC 9449 §5). */
const OAUTH_ERRORS: Record<Code, OAuthError> = {
  malformed: [400, "invalid_request"],
  invalid: [400, "invalid_request"],
  "too-large": [413, "invalid_request"],
  "unsupported-media-type": [415, "invalid_request"],
  "method-not-allowed": [405, "invalid_request"],
  unauthenticated: [401, "invalid_client"],
  forbidden: [400, "unauthorized_client"],
  denied: [400, "access_denied"],
  "approval-required": [400, "authorization_pending"],
  "not-found": [400, "invalid_request"],
  exists: [400, "invalid_request"],
  conflict: [400, "invalid_request"],
  gone: [400, "invalid_request"],
  replayed: [400, "invalid_request"],
  "rate-limited": [429, "slow_down"],
  busy: [503, "temporarily_unavailable"],
  unavailable: [503, "temporarily_unavailable"],
  internal: [500, "server_error"],
  "invalid-client": [401, "invalid_client"],
  "invalid-dpop-proof": [400, "invalid_dpop_proof"],
  "use-dpop-nonce": [400, "use_dpop_nonce"],
  "invalid-grant": [400, "invalid_grant"],
  "invalid-request": [400, "invalid_request"],
  "invalid-scope": [400, "invalid_scope"],
  "invalid-target": [400, "invalid_target"],
  "invalid-authorization-details": [400, "invalid_authorization_details"],
  "unauthorized-client": [400, "unauthorized_client"],
  "unsupported-grant-type": [400, "unsupported_grant_type"],
  "authorization-pending": [400, "authorization_pending"],
  "slow-down": [400, "slow_down"],
  "expired-token": [400, "expired_token"],
  "access-denied": [400, "access_denied"],
};

export const oauthStatusOf = (code: Code): number => OAUTH_ERRORS[code][0];

/** The body of an OAuth error answer. `error_description` is ASCII by RFC 6749 §5.2. */
export function oauthErrorOf(fault: Fault): Record<string, unknown> {
  const description = [fault.message, fault.remedy].filter((part) => part !== undefined).join(" ");
  return {
    error: OAUTH_ERRORS[fault.code][1],
    error_description: asciiOnly(description),
    ...(fault.recordedAs?.startsWith("event_") ? { event: fault.recordedAs } : {}),
    ...fault.members,
  };
}

/** Characters outside %x20-21 / %x23-5B / %x5D-7E become apostrophes or question marks. */
const asciiOnly = (text: string): string => text.replaceAll(/["\\]/g, "'").replaceAll(/[^\x20-\x7e]/g, "?");
