/** Why a signature that somebody brought is not taken; each for itself, for programs. */
export type SignatureReason =
  | "signature-unreadable"
  | "signature-untrusted"
  | "signature-wrong-identity"
  | "signature-certificate-expired"
  | "signature-wrong-purpose"
  | "signature-wrong-digest"
  | "signature-unknown-predicate"
  | "signature-without-manifest";

/** A refusal with its own reason. */
export class SignatureRefused extends Error {
  readonly reason: SignatureReason;

  constructor(reason: SignatureReason, options?: ErrorOptions) {
    super(reason, options);
    this.reason = reason;
  }
}
