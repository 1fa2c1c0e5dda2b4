/**
 * Warrants: delegations that are verified offline. The issuer signs the root over a person's consent; whoever
 * holds a link signs the next, narrower one with nobody asked; whoever holds the last proves it for each call.
 * What only the registry knows (who may delegate to whom, how often something was used, whether an agent
 * further down the chain is suspended) holds where it can be asked: at the token endpoint and the gateway.
 */
export { type Actor, parseActor } from "./actor.ts";
export { type HolderJwk, parseWarrantClaims, type WarrantClaims } from "./claims.ts";
export type { CallConditions, JudgedCall, UseLimit } from "./judge-call.ts";
export { warrantLimits } from "./limits.ts";
export { issuerOfKey, readLink, signedRoot, type WarrantLink, warrantTyp } from "./link.ts";
export { mintWarrant } from "./mint.ts";
export { type NextLink, narrowWarrant } from "./narrow.ts";
export { requireNarrower, requireRoot } from "./narrower.ts";
export { parseWarrantChain } from "./parse-chain.ts";
export type { Passkeys, PresentedConsent } from "./root-consent.ts";
export {
  type VerifiedWarrant,
  verifyWarrant,
  type WarrantConditions,
  type WarrantExpectation,
  type WarrantPresentation,
} from "./verify.ts";
export { createWarrantCache, type WarrantCache } from "./warrant-cache.ts";
export { PresentationError, WarrantError } from "./warrant-error.ts";
