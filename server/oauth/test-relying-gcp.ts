import { decodeProtectedHeader } from "jose";
import { believed, demand, type Internet } from "./test-relying-party.ts";

const LONGEST_SUBJECT = 127;

/**
 * For tests: the checks of Google's Security Token Service for a workload identity pool's OIDC provider, as documented:
 * `kid` and RS256 or ES256 in the header; `iss` with a discovery document; `iat` in the past, `exp` less than 24 hours
 * after it; `sub`; `aud` among the allowed ones, or the provider's own name where none were named; and a mapping
 * `google.subject = assertion.sub` of at most 127 characters.
 * @see Google Cloud, "Configure workload identity federation with other identity providers"; STS v1, subjectToken
 */
export async function exchangeAtGoogle(
  internet: Internet,
  provider: { name: string; issuerUri: string; allowedAudiences: readonly string[] },
  attackerToken: string,
  now: number,
): Promise<{ principal: string }> {
  demand(provider.issuerUri.startsWith("https://"), "the issuer is https");
  demand(decodeProtectedHeader(attackerToken).kid !== undefined, "a kid");
  const demands = {
    issuer: provider.issuerUri,
    algorithms: ["RS256", "ES256"],
    leeway: 0,
    discovery: ["issuer", "jwks_uri"],
  };
  const { aud, sub = "", iat = 0, exp = 0 } = await believed(internet, attackerToken, demands, now);
  demand(iat * 1000 <= now && exp - iat < 24 * 3_600, "iat in the past, exp less than a day after it");
  const taken =
    provider.allowedAudiences.length > 0
      ? provider.allowedAudiences
      : [`//iam.googleapis.com/${provider.name}`, `https://iam.googleapis.com/${provider.name}`];
  demand(typeof aud === "string" && taken.includes(aud), "the audience is not among the allowed");
  demand(sub.length > 0 && sub.length <= LONGEST_SUBJECT, "google.subject has 1 to 127 characters");
  const pool = provider.name.replace(/\/providers\/.*$/, "");
  return { principal: `principal://iam.googleapis.com/${pool}/subject/${sub}` };
}
