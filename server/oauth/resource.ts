import { type Releasable, releaseOf, serverOf } from "../catalog/index.ts";
import { Fault } from "../lib/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";

/** What a token is for: its audience, and the name by which policies know it. */
export interface Resource {
  readonly location: string;
  readonly name: string;
}

/** One that is on record, with what its record says of tokens for it. */
export interface KnownResource extends Resource {
  /** What it may be told of whoever calls it. */
  readonly release: readonly Releasable[];
  /** Whether it takes tokens by which an agent acts for a person. */
  readonly delegated: boolean;
}

/**
 * The resource as the catalog knows it, compared byte by byte.
 * @throws Fault `invalid-target` for one that is not known
 * @see RFC 8707 §2
 */
export async function knownResource(deps: OauthDeps, attackerResource: string): Promise<KnownResource> {
  const server = await serverOf(deps, attackerResource);
  if (server !== undefined) {
    const { id: name, resource: location, delegated = true } = server;
    return { location, name, release: releaseOf(server), delegated };
  }
  throw new Fault("invalid-target", "This resource is not known here.", {
    remedy: "Name it exactly as its owner registered it.",
  });
}

/**
 * As `knownResource`, one that takes tokens by which an agent acts for a person: another might take one for the
 * person's own.
 * @throws Fault `invalid-target`
 */
export async function delegatedResource(deps: OauthDeps, attackerResource: string): Promise<KnownResource> {
  const resource = await knownResource(deps, attackerResource);
  if (resource.delegated) return resource;
  throw new Fault("invalid-target", "This server takes no tokens by which an agent acts for a person.", {
    remedy: "An administrator can let it, by delegated in its record.",
    record: { server: resource.name },
  });
}
