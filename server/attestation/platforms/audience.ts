import type { Json } from "@countersign/proof/jcs";
import { refused } from "./refused.ts";

/** Audiences that everybody knows: tokens for these are made for others, and lie about in many places. */
const OTHERS: ReadonlySet<string> = new Set([
  "sts.amazonaws.com",
  "pods.eks.amazonaws.com",
  "api://AzureADTokenExchange",
  "kubernetes.default.svc",
  "https://kubernetes.default.svc",
  "https://kubernetes.default.svc.cluster.local",
  "https://gitlab.com",
  "https://management.azure.com/",
  "https://management.core.windows.net/",
  "https://graph.microsoft.com",
  "https://vault.azure.net",
  "sigstore",
  "spire-server",
  "vault",
]);
const BEGINNINGS = [
  "https://github.com/",
  "https://gitlab.com/",
  "//iam.googleapis.com/",
  "https://iam.googleapis.com/",
];

/** Whether tokens for this audience are made for somebody else whom we know. */
export const isAnothers = (audience: string): boolean =>
  OTHERS.has(audience) || BEGINNINGS.some((beginning) => audience.startsWith(beginning));

/** Ours, and nobody's besides: where there are more, somebody else could send it here. @throws Fault */
export function requireOnlyAudience(ours: string, attackerAudience: Json | undefined): void {
  if (Array.isArray(attackerAudience) && attackerAudience.length > 1)
    throw refused("several-audiences", "The token is for others as well.", {
      remedy: "Fetch one for this server's audience alone.",
    });
  const only = Array.isArray(attackerAudience) ? attackerAudience[0] : attackerAudience;
  if (only === ours && !isAnothers(only)) return;
  if (typeof only === "string" && isAnothers(only))
    throw refused("audience-of-another", "The token was made for somebody else, whom we know.", {
      remedy: "Fetch one for this server's audience alone.",
      record: { audience: only },
    });
  throw refused("wrong-audience", "The token is not for this server.", {
    remedy: "Fetch one for this server's audience alone.",
  });
}
