/**
 * Every way in which a request can be refused or fail. Each edge (problem+json, OAuth) maps every code
 * once, in a table that the compiler checks for completeness.
 */
export const CODES = [
  "malformed", // cannot be read: broken JSON, duplicate parameters, a wrong type
  "invalid", // can be read and makes no sense
  "too-large",
  "unsupported-media-type",
  "method-not-allowed",
  "unauthenticated", // nobody, or proof that does not hold
  "forbidden", // known, and not allowed to ask this
  "denied", // decided by policy or by the chain of authority
  "approval-required", // decided: a person must say yes first
  "not-found",
  "exists", // the name is taken
  "conflict", // the state does not allow it
  "gone", // used up, expired or closed
  "replayed", // a one-time proof seen before
  "rate-limited",
  "busy", // tried until the deadline; the caller may try again
  "unavailable", // something this server needs is away; the gate stays shut
  "internal",
  "invalid-client",
  "invalid-dpop-proof",
  "use-dpop-nonce", // sign again, with the nonce that the answer carries
  "invalid-grant",
  "invalid-request",
  "invalid-scope",
  "invalid-target",
  "invalid-authorization-details",
  "unauthorized-client",
  "unsupported-grant-type",
  "authorization-pending",
  "slow-down",
  "expired-token",
  "access-denied",
] as const;

export type Code = (typeof CODES)[number];

export interface FaultDetails {
  /** What the caller can do about it: one sentence. */
  remedy?: string;
  /** Members that the answer carries besides the message, such as a request id or a policy's reasons. */
  members?: Readonly<Record<string, unknown>>;
  /** What the log shall know about the refused attempt; never a secret, never personal data in clear. */
  record?: Readonly<Record<string, unknown>>;
  /** The real cause: for the operator's log only. */
  cause?: unknown;
}

/** The one error of this server. Its message is public; its cause is not. */
export class Fault extends Error {
  readonly code: Code;
  readonly remedy: string | undefined;
  readonly members: Readonly<Record<string, unknown>>;
  readonly record: Readonly<Record<string, unknown>>;
  /** The event that recorded this refusal, once one has. */
  recordedAs: string | undefined;

  constructor(code: Code, message: string, details: FaultDetails = {}) {
    super(message, { cause: details.cause });
    this.name = "Fault";
    this.code = code;
    this.remedy = details.remedy;
    this.members = details.members ?? {};
    this.record = details.record ?? {};
  }
}

/** Codes that blame the server, not the caller: no refusal, but a failure. */
export const isFailure = (code: Code): boolean =>
  code === "internal" || code === "unavailable" || code === "busy";
