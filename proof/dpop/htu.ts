import { VerificationError } from "../verification-error.ts";

/** What RFC 3986 lets a URI be made of, after the scheme. A fragment or query may be there; it is cut off. */
const httpUri =
  /^https?:\/\/[A-Za-z0-9\-._~:[\]]+(?:[/?#](?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)?$/i;

/**
 * A URL in the one form in which two that mean the same are equal: scheme and host in lower case, no default
 * port, dot segments resolved, percent-encoding only where it is needed and in upper case, no query, no
 * fragment. User names, spaces, backslashes and whatever else only a browser would forgive are refused.
 *
 * @throws VerificationError `malformed`
 * @see RFC 9449 §4.3, RFC 3986 §6.2.2 and §6.2.3
 */
export function normalizeHtu(attackerUrl: string): string {
  if (attackerUrl.length > 2048 || !httpUri.test(attackerUrl) || !URL.canParse(attackerUrl)) {
    throw new VerificationError("malformed", "htu must be an http or https URL");
  }
  const { origin, pathname } = new URL(attackerUrl);
  return origin + pathname.replace(/%[0-9A-Fa-f]{2}/g, normalizeOctet);
}

function normalizeOctet(encoded: string): string {
  const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
  return /[A-Za-z0-9\-._~]/.test(character) ? character : encoded.toUpperCase();
}
