import { believed, demand, type Internet } from "./test-relying-party.ts";

/**
 * For tests: the checks of Vault's (and OpenBao's) JWT auth method, as documented: keys by `oidc_discovery_url`, RS256
 * unless `jwt_supported_algs` says otherwise; `bound_issuer`; one of the role's `bound_audiences`, which a role needs
 * where the token has an `aud`; `bound_subject`; `bound_claims` compared as text; `user_claim` must be there; skew of a
 * minute.
 * @see HashiCorp Vault, "JWT/OIDC auth method (API)"
 */
export async function loginAtVault(
  internet: Internet,
  config: { oidcDiscoveryUrl: string; boundIssuer: string },
  role: {
    boundAudiences: readonly string[];
    boundSubject: string;
    boundClaims: Readonly<Record<string, string>>;
    userClaim: string;
  },
  attackerToken: string,
  now: number,
): Promise<{ alias: string }> {
  demand(config.oidcDiscoveryUrl === config.boundIssuer, "one issuer");
  const demands = {
    issuer: config.boundIssuer,
    algorithms: ["RS256"],
    leeway: 60,
    discovery: ["issuer", "jwks_uri"],
  };
  const claims = await believed(internet, attackerToken, demands, now);
  const audiences = [claims.aud ?? []].flat();
  demand(role.boundAudiences.length > 0, "audience claim found in JWT but no audiences bound to the role");
  demand(
    audiences.some((aud) => role.boundAudiences.includes(aud)),
    "invalid audience (aud) claim",
  );
  demand(claims.sub === role.boundSubject, "invalid subject (sub) claim");
  for (const [name, value] of Object.entries(role.boundClaims)) {
    demand(claims[name] === value, `claim ${name} does not match`);
  }
  const alias = claims[role.userClaim];
  demand(typeof alias === "string" && alias !== "", "claim could not be converted to string");
  return { alias: String(alias) };
}
