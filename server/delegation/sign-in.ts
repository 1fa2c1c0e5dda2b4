/**
 * A consent that no passkey signed: the company's own sign-in vouches that the person is there and lets the
 * agent act for her. The weaker kind, and marked so wherever it counts.
 */
export interface SignIn {
  /** Name of the identity provider. */
  readonly provider: string;
  /** What kills all that rests on its word, `provider:<name>#<epoch>`. */
  readonly key: string;
  /** How she proved herself there, in the provider's words. */
  readonly acr?: string;
  /** When she did, in seconds since the epoch. */
  readonly authTime?: number;
}

/** What the consent at a chain's root is, as policies read it: none where no person asked. */
export type ConsentKind = "passkey" | "company-sign-in" | "none";

export function consentKind(task: {
  readonly signIn?: SignIn;
  readonly startedBy: { readonly kind: string };
}): ConsentKind {
  if (task.startedBy.kind !== "person") return "none";
  return task.signIn === undefined ? "passkey" : "company-sign-in";
}
