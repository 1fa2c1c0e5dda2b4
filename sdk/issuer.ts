import type { JsonObject } from "@countersign/proof/jcs";
import { ask } from "./ask.ts";
import { Unreachable } from "./errors.ts";
import type { Runtime } from "./runtime.ts";

/** The control plane, as it describes itself. */
export interface Issuer {
  /** Its identifier, exactly as it stands in its tokens. */
  readonly id: string;
  readonly tokenEndpoint: string;
  readonly jwksUri: string;
  /** The URL of one of its other endpoints. */
  at(path: `/${string}`): string;
}

/**
 * Reads the issuer's own description. Its endpoints must lie on its own origin: nothing that is sent there
 * may go anywhere else.
 *
 * @param id issuer identifier: an origin, `https://…` or `http://localhost:…`
 * @throws Unreachable when there is no such description, or it describes somebody else
 * @see RFC 8414 §3
 */
export async function discover(runtime: Runtime, id: string): Promise<Issuer> {
  const metadata = await ask(runtime, { method: "GET", url: `${id}/.well-known/oauth-authorization-server` });
  if (metadata.issuer !== id) throw new Unreachable(`${id} describes another issuer`);
  return {
    id,
    tokenEndpoint: endpoint(metadata, "token_endpoint", id),
    jwksUri: endpoint(metadata, "jwks_uri", id),
    at: (path) => id + path,
  };
}

function endpoint(metadata: JsonObject, name: string, id: string): string {
  const url = metadata[name];
  if (typeof url === "string" && url.startsWith(`${id}/`)) return url;
  throw new Unreachable(`${id} names no ${name} on its own origin`);
}
