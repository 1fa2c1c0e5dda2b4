import { acrValues } from "@countersign/proof/token";
import { methodsOffered } from "./client-authentication.ts";
import { ID_JAG } from "./grants/exchange/token-types.ts";
import { grantHandlers } from "./grants/index.ts";
import { IDENTITY_CLAIMS } from "./identity-token.ts";
import { interactiveGrants } from "./interactive-token.ts";

/** The keys with which clients sign, as JOSE calls them. */
const ALGORITHMS = ["ES256", "EdDSA"];

/**
 * What this authorization server is and can do today. The paths are those of the table of endpoints.
 * @see RFC 8414 §2
 */
export const metadataOf = (issuer: string, clientCertificates = false) => ({
  issuer,
  authorization_endpoint: `${issuer}/oauth/authorize`,
  token_endpoint: `${issuer}/oauth/token`,
  jwks_uri: `${issuer}/oauth/jwks`,
  // Ours: the keys of root warrants.
  warrant_jwks_uri: `${issuer}/oauth/warrant-keys`,
  authorization_grant_profiles_supported: ["urn:ietf:params:oauth:grant-profile:id-jag"],
  identity_chaining_requested_token_types_supported: [ID_JAG],
  revocation_endpoint: `${issuer}/oauth/revoke`,
  introspection_endpoint: `${issuer}/oauth/introspect`,
  response_types_supported: ["code"],
  response_modes_supported: ["query"],
  code_challenge_methods_supported: ["S256"],
  authorization_response_iss_parameter_supported: true,
  client_id_metadata_document_supported: true,
  prompt_values_supported: ["login", "consent", "select_account"],
  acr_values_supported: [...acrValues],
  grant_types_supported: [...grantHandlers, ...interactiveGrants].map(({ grantType }) => grantType),
  // `none` is for clients that people start, which prove a key by DPoP in any case, as does whoever brings a code.
  token_endpoint_auth_methods_supported: [...methodsOffered(clientCertificates), "none"],
  token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
  revocation_endpoint_auth_methods_supported: [...methodsOffered(clientCertificates), "none"],
  // Our one address takes certificates, so there are no mtls_endpoint_aliases.
  tls_client_certificate_bound_access_tokens: clientCertificates,
  status_list_aggregation_endpoint: `${issuer}/status`,
  revocation_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
  introspection_endpoint_auth_methods_supported: methodsOffered(clientCertificates),
  introspection_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
  introspection_signing_alg_values_supported: ["ES256"],
  dpop_signing_alg_values_supported: ALGORITHMS,
  authorization_details_types_supported: ["agent_tool"],
});

/**
 * Our own API, as a protected resource.
 * @see RFC 9728 §2
 */
export const resourceMetadataOf = (issuer: string) => ({
  resource: issuer,
  authorization_servers: [issuer],
  bearer_methods_supported: ["header"],
  dpop_signing_alg_values_supported: ALGORITHMS,
  dpop_bound_access_tokens_required: true,
  resource_name: "Countersign",
});

/**
 * The same, for those who look for OpenID Connect: clouds, vaults and clusters that take our identity tokens.
 * They get it at the token endpoint; `id_token` stands among the response types because some of them want one
 * named there. OAuth's own metadata names what `/oauth/authorize` answers, and nothing else.
 * @see OpenID Connect Discovery §3
 */
export function openidConfigurationOf(...of: Parameters<typeof metadataOf>) {
  const metadata = metadataOf(...of);
  return {
    ...metadata,
    response_types_supported: [...metadata.response_types_supported, "id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    claims_supported: IDENTITY_CLAIMS,
  };
}
