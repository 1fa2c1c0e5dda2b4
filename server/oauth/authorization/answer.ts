import type { Fault } from "../../lib/index.ts";

/** Errors that a client is told by way of the person's browser. */
export type AuthorizationErrorCode =
  | "invalid_request"
  | "unsupported_response_type"
  | "invalid_scope"
  | "invalid_target"
  | "invalid_authorization_details"
  | "access_denied"
  | "interaction_required"
  | "unmet_authentication_requirements"
  | "request_not_supported"
  | "request_uri_not_supported";

/** Where, and with what of the client's own, it is answered. Known to belong to the client. */
export interface ReturnAddress {
  readonly redirectUri: string;
  readonly attackerState?: string | undefined;
}

/**
 * The URL that takes the answer to the client, always with our issuer, so that a client of several servers
 * knows which one has answered.
 * @see RFC 6749 §4.1.2, RFC 9207 §2
 */
export function answerAt(
  { redirectUri, attackerState }: ReturnAddress,
  issuer: string,
  answer:
    | { readonly code: string }
    | { readonly error: AuthorizationErrorCode; readonly error_description: string },
): string {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  if (attackerState !== undefined) url.searchParams.set("state", attackerState);
  url.searchParams.set("iss", issuer);
  return url.href;
}

/** A request of a known client, at an address of its own, that cannot be shown to a person. */
export class AuthorizationRefused extends Error {
  readonly code: AuthorizationErrorCode;
  readonly to: ReturnAddress;
  /** What the refusal rests on, where it was found by another step. */
  readonly fault: Fault | undefined;

  constructor(to: ReturnAddress, code: AuthorizationErrorCode, message: string, fault?: Fault) {
    super(message);
    this.name = "AuthorizationRefused";
    this.code = code;
    this.to = to;
    this.fault = fault;
  }
}
