import { Fault } from "../lib/index.ts";
import { isLoopbackName } from "./reachable.ts";

/**
 * Reads the public address of a server: an origin, which stands in every token and link.
 * @throws Fault `invalid` for anything else
 */
export function readPublicAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
  if (url !== undefined && isWeb && url.href === `${url.origin}/`) return url;
  throw new Fault("invalid", `${text} is not a public address.`, {
    remedy: "Give an origin without a path, such as https://countersign.example.com, with --issuer.",
  });
}

/** Whether the server is only for this machine itself, over plain http: for somebody who tries it out. */
export const isLocal = ({ protocol, hostname }: URL): boolean =>
  protocol === "http:" && isLoopbackName(hostname);
