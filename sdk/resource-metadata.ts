import type { JsonObject } from "@countersign/proof/jcs";

/** What a protected resource says of itself, and where it must be served. */
export interface ResourceMetadata {
  /** To be served at this path of the resource's own origin, as `application/json`. */
  readonly path: string;
  /** The whole address, as challenges name it. */
  readonly url: string;
  readonly document: JsonObject;
}

/**
 * Describes a resource to clients that know nothing but its address: who issues tokens for it, and that they are
 * bound to a key. A client must check that `resource` is the address that it was calling.
 *
 * @param about.resource the identifier that tokens have as their audience: an absolute URL without a fragment
 * @param about.issuer the control plane's identifier
 * @param about.name what people call it
 * @param about.documentation a page for developers
 * @throws TypeError for a resource that is no such URL
 * @see RFC 9728 §2, §3.1
 */
export function resourceMetadata(about: {
  resource: string;
  issuer: string;
  name?: string;
  documentation?: string;
}): ResourceMetadata {
  const path = metadataPath(about.resource);
  return {
    path,
    url: new URL(about.resource).origin + path,
    document: {
      resource: about.resource,
      authorization_servers: [about.issuer],
      bearer_methods_supported: ["header"],
      dpop_signing_alg_values_supported: ["ES256", "EdDSA"],
      dpop_bound_access_tokens_required: true,
      authorization_details_types_supported: ["agent_tool"],
      ...(about.name === undefined ? {} : { resource_name: about.name }),
      ...(about.documentation === undefined ? {} : { resource_documentation: about.documentation }),
    },
  };
}

/** The well-known part stands between the host and the resource's own path. */
function metadataPath(resource: string): string {
  const { protocol, pathname, search, hash } = new URL(resource);
  if ((protocol !== "https:" && protocol !== "http:") || hash !== "" || resource.includes("#"))
    throw new TypeError("a resource is an http or https URL without a fragment");
  const own = pathname === "/" ? "" : pathname;
  return `/.well-known/oauth-protected-resource${own}${search}`;
}
