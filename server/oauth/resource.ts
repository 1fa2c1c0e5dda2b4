import { serverOf } from "../catalog/index.ts";
import { Fault } from "../lib/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";

/** What a token is for: its audience, and the name by which policies know it. */
export interface Resource {
  readonly location: string;
  readonly name: string;
}

/**
 * The resource as the catalog knows it, compared byte by byte.
 * @throws Fault `invalid-target` for one that is not known
 * @see RFC 8707 §2
 */
export async function knownResource(deps: OauthDeps, attackerResource: string): Promise<Resource> {
  const server = await serverOf(deps, attackerResource);
  if (server !== undefined) return { location: server.resource, name: server.id };
  throw new Fault("invalid-target", "This resource is not known here.", {
    remedy: "Name it exactly as its owner registered it.",
  });
}
