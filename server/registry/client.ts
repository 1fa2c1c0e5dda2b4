import { z } from "zod";
import { redirectUri } from "./redirect-uri.ts";

/**
 * How people start an agent as an interactive client: by the document that its maker publishes about it, or by
 * where it may be answered, registered here beforehand.
 */
export type AgentClient = { readonly client_id: string } | { readonly redirect_uris: readonly string[] };

const LONGEST_CLIENT_ID = 300;

/**
 * The address of a client ID metadata document: https (http on localhost), with a path, and written in one way
 * only, so that the text compared is the place asked.
 * @see draft-ietf-oauth-client-id-metadata-document §3
 */
export const clientDocumentUrl = z
  .string()
  .max(LONGEST_CLIENT_ID)
  .refine(
    isClientDocumentUrl,
    "A client id is an https URL with a path, without user name, query, fragment or dot segments.",
  );

export function isClientDocumentUrl(attackerText: string): boolean {
  const url = attackerText.length > LONGEST_CLIENT_ID ? null : URL.parse(attackerText);
  if (url === null || url.href !== attackerText || /[#?]/.test(attackerText)) return false;
  if (url.username !== "" || url.password !== "" || url.pathname === "/") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && url.hostname === "localhost");
}

export const agentClient = z.union(
  [
    z.strictObject({ client_id: clientDocumentUrl }),
    z.strictObject({ redirect_uris: z.array(redirectUri).min(1).max(10) }),
  ],
  { error: "A client has either a client_id, the address of its metadata document, or redirect_uris." },
);

/** The client id that belongs to one agent alone; one with redirect URIs goes by the agent's own name. */
export const clientIdOf = (client: AgentClient | undefined): string | undefined =>
  client !== undefined && "client_id" in client ? client.client_id : undefined;
