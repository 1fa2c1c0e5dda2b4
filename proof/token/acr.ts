/**
 * How a person proved herself when she gave what a token rests on, weakest first: by her session alone, or by a
 * passkey whose authenticator verified her. One order for the whole deployment.
 *
 * @see RFC 9470 §2, OpenID Connect Core §2
 */
export const acrValues = ["urn:countersign:acr:session", "urn:countersign:acr:passkey"] as const;

/** An authentication context class that is known here. */
export type Acr = (typeof acrValues)[number];

/** What a user-verified passkey's signature is worth. */
export const passkeyAcr: Acr = "urn:countersign:acr:passkey";

/**
 * Whether one way of proving oneself is as good as the one that is wanted. A value that is not known satisfies
 * nothing and cannot be satisfied.
 */
export function satisfiesAcr(actual: string | undefined, wanted: string): boolean {
  const [has, needs] = [rankOf(actual), rankOf(wanted)];
  return needs >= 0 && has >= needs;
}

const rankOf = (acr: string | undefined): number =>
  (acrValues as readonly (string | undefined)[]).indexOf(acr);
