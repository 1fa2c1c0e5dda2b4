import { believed, demand, type Internet } from "./test-relying-party.ts";

const LONGEST = 600;

/**
 * For tests: the checks of Microsoft Entra for a federated identity credential, as documented: issuer, subject and audience
 * are compared exactly, the subject with regard to case; the credential names one audience, at most 600 characters
 * each, usually `api://AzureADTokenExchange`; of signatures only RS256 is supported.
 * @see Microsoft Graph, federatedIdentityCredential; Entra, "Important considerations for federated identity credentials"
 */
export async function exchangeAtEntra(
  internet: Internet,
  credential: { issuer: string; subject: string; audiences: readonly [string] },
  attackerToken: string,
  now: number,
): Promise<{ subject: string }> {
  const { issuer, subject, audiences } = credential;
  for (const text of [issuer, subject, ...audiences])
    demand(text.length <= LONGEST, "at most 600 characters");
  const demands = { issuer, algorithms: ["RS256"], leeway: 0, discovery: ["issuer", "jwks_uri"] };
  const { aud, sub } = await believed(internet, attackerToken, demands, now);
  demand(aud === audiences[0], "AADSTS700212: no matching audience");
  demand(sub === subject, "AADSTS70021: no matching federated identity record");
  return { subject };
}
