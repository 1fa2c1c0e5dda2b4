import { believed, demand, type Internet } from "./test-relying-party.ts";

/**
 * For tests: the checks of AWS STS `AssumeRoleWithWebIdentity` against an IAM OIDC provider, as documented: the
 * provider's URL is https, without port or query; at most 100 client ids of at most 255 characters, one of which must be
 * `aud`, or `azp` where there is one; RSA or ECDSA of SHA-2; and a trust policy that compares
 * `<issuer's host>:aud` and `:sub`.
 * @see IAM User Guide, "Create an OpenID Connect (OIDC) identity provider"; API reference, CreateOpenIDConnectProvider
 */
export async function assumeRoleWithWebIdentity(
  internet: Internet,
  provider: { url: string; clientIds: readonly string[] },
  trust: Readonly<Record<string, string>>,
  attackerToken: string,
  now: number,
): Promise<{ subject: string; audience: string }> {
  demand(/^https:\/\/[^:/?#]+(\/[^?#]*)?$/.test(provider.url), "the URL is https, without port or query");
  demand(provider.clientIds.length <= 100, "at most 100 client ids");
  demand(
    provider.clientIds.every((id) => id.length <= 255),
    "a client id has at most 255 characters",
  );
  const algorithms = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"];
  const discovery = [
    "issuer",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "claims_supported",
  ];
  const demands = { issuer: provider.url, algorithms, leeway: 0, discovery };
  const { aud, azp, sub, exp, iat } = await believed(internet, attackerToken, demands, now);
  demand(typeof sub === "string" && exp !== undefined && iat !== undefined, "sub, exp and iat");
  const audience = String(azp ?? aud);
  demand(provider.clientIds.includes(audience), "InvalidIdentityToken: incorrect token audience");
  const host = provider.url.slice("https://".length);
  const context: Record<string, string> = { [`${host}:aud`]: audience, [`${host}:sub`]: String(sub) };
  for (const [key, value] of Object.entries(trust)) demand(context[key] === value, `AccessDenied: ${key}`);
  return { subject: String(sub), audience };
}
