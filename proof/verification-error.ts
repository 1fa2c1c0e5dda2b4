/**
 * Every way in which a verifier of this package can refuse, as one flat list: whoever reports a refusal
 * (OAuth, WWW-Authenticate, problem+json) maps each code once.
 */
export type VerificationCode =
  | "malformed"
  | "not-canonical"
  | "too-large"
  | "wrong-typ"
  | "wrong-alg"
  | "unknown-key"
  | "private-key"
  | "bad-signature"
  | "expired"
  | "not-yet-valid"
  | "too-long-lived"
  | "wrong-issuer"
  | "wrong-audience"
  | "wrong-subject"
  | "missing-claim"
  | "not-bound"
  | "wrong-method"
  | "wrong-url"
  | "wrong-tool"
  | "wrong-arguments"
  | "wrong-token-hash"
  | "wrong-nonce"
  | "stale"
  | "dead"
  | "wrong-origin"
  | "wrong-challenge"
  | "not-present"
  | "not-verified"
  | "log-leaf"
  | "log-entry"
  | "log-tile"
  | "log-root"
  | "log-shortened"
  | "log-rewritten"
  | "no-proof"
  | "widened"
  | "too-deep"
  | "broken-chain"
  | "not-permitted"
  | "wrong-consent";

/**
 * What every verifier throws. `code` is for programs; `message` is for the log of whoever verifies, and
 * never holds a secret or a signed text; `cause` is the parser's or crypto library's own error, if any.
 */
export class VerificationError extends Error {
  readonly code: VerificationCode;

  constructor(code: VerificationCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "VerificationError";
    this.code = code;
  }
}

/**
 * Runs a step that may throw its own kind of error on hostile input (a parser, a key import) and turns that
 * into a refusal. A VerificationError passes through unchanged.
 *
 * @param code what the refusal is called when the step throws something else
 * @param what what was being read, for the message: "the header"
 */
export function orRefuse<T>(code: VerificationCode, what: string, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof VerificationError) throw cause;
    throw new VerificationError(code, `${what} is ${code}`, { cause });
  }
}
