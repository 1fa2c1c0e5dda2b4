import { believed, demand, type Internet } from "./test-relying-party.ts";

/**
 * For tests: the checks of the Kubernetes API server under structured authentication configuration, as documented: an https
 * issuer whose discovery document names itself; every RFC 7518 signature of RSA or ECDSA and no other; one of the
 * configured audiences (`MatchAny`); `claimValidationRules` on exact claims; a user name from a claim behind a prefix,
 * which must not begin with `system:`.
 * @see Kubernetes, "Authenticating: using authentication configuration"
 */
export async function authenticateAtKubernetes(
  internet: Internet,
  authenticator: {
    issuer: { url: string; audiences: readonly string[] };
    claimValidationRules: readonly { claim: string; requiredValue: string }[];
    username: { claim: string; prefix: string };
  },
  attackerToken: string,
  now: number,
): Promise<{ username: string }> {
  const { issuer, claimValidationRules, username } = authenticator;
  demand(issuer.url.startsWith("https://"), "the issuer is https");
  const algorithms = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"];
  const demands = { issuer: issuer.url, algorithms, leeway: 0, discovery: ["issuer", "jwks_uri"] };
  const claims = await believed(internet, attackerToken, demands, now);
  demand(
    [claims.aud ?? []].flat().some((aud) => issuer.audiences.includes(aud)),
    "oidc: expected audience in the configured list",
  );
  for (const { claim, requiredValue } of claimValidationRules) {
    demand(claims[claim] === requiredValue, `oidc: required claim ${claim}`);
  }
  const name = `${username.prefix}${String(claims[username.claim] ?? "")}`;
  demand(name.length > username.prefix.length && !name.startsWith("system:"), "no user name of its own");
  return { username: name };
}
