import { z } from "zod";

const LOOPBACK = new Set(["127.0.0.1", "[::1]", "localhost"]);
const LONGEST = 500;

/**
 * Where an interactive client may be answered: https, or plain http on the person's own machine (RFC 8252 §7.3).
 * Written in the one way in which a URL parser writes it, so that two readers cannot take it for two places.
 */
export const redirectUri = z
  .string()
  .max(LONGEST)
  .refine(
    isRedirectUri,
    "A redirect URI is an https URL (http on localhost), written as a browser shows it, without user name or fragment.",
  );

export function isRedirectUri(attackerText: string): boolean {
  const url = attackerText.length > LONGEST ? null : URL.parse(attackerText);
  if (url === null || url.href !== attackerText || attackerText.includes("#")) return false;
  if (url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname));
}

/** Whether what is received there is received by some program on the person's own machine. */
export const isLoopbackRedirect = (uri: string): boolean => LOOPBACK.has(new URL(uri).hostname);

/**
 * Whether a client may be answered at a URI: exactly one of those registered, but for the port of one on the
 * person's own machine, which a program there cannot choose beforehand.
 * @see RFC 6749 §3.1.2.3, RFC 8252 §7.3, RFC 9700 §4.1.3
 */
export function isRegisteredRedirect(registered: readonly string[], attackerUri: string): boolean {
  if (!isRedirectUri(attackerUri)) return false;
  return registered.some((uri) => uri === attackerUri || isSameButPort(uri, attackerUri));
}

function isSameButPort(registered: string, attackerUri: string): boolean {
  if (!isRedirectUri(registered) || !registered.startsWith("http://")) return false;
  const [known, asked] = [new URL(registered), new URL(attackerUri)];
  asked.port = known.port;
  return asked.href === known.href;
}
