import type { JsonObject } from "@countersign/proof/jcs";
import { type AccessTokenClaims, satisfiesAcr } from "@countersign/proof/token";
import type { CountersignError } from "./errors.ts";
import type { RevocationFeed } from "./feed.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import type { ProofNonces } from "./proof-nonces.ts";
import { RequestRefused, type WantedAuthentication } from "./refusal.ts";
import type { ReplayMemory } from "./replay-memory.ts";
import type { Runtime } from "./runtime.ts";
import type { Transactions } from "./transactions.ts";
import type { Uses } from "./uses.ts";

/** A tool and the arguments it is called with. */
export interface ToolCall {
  /** Its identifier in the catalog: `reports/publish`. */
  readonly tool: string;
  readonly args: JsonObject;
}

/** What is asked of the feed for each request. */
type LivingFeed = Pick<RevocationFeed, "isDead" | "isFresh">;

/** What a protector rests on. */
export interface Protection {
  readonly runtime: Runtime;
  readonly issuer: string;
  /** The audience that tokens must be for: this resource's identifier. */
  readonly resource: string;
  readonly keys: IssuerKeys;
  readonly feed: LivingFeed;
  readonly uses: Uses;
  /** Gives what is shown to those behind this service. */
  readonly transactions?: Transactions;
  /** The proofs that were seen here. */
  readonly proofs: ReplayMemory;
  /** Whether every call waits for the control plane's yes, whatever its token says. */
  readonly askFirst?: boolean;
  /** Demands of each proof a nonce that was handed out here. */
  readonly nonces?: ProofNonces;
  /** Where the resource describes itself, for whoever comes without a token. @see RFC 9728 §5 */
  readonly metadataUrl?: string;
  /** How the person must have proven herself for anything here; a token without a person never has. */
  readonly authentication?: WantedAuthentication;
}

/**
 * Refuses a token whose person has not proven herself as this resource wants, or not lately: her client then
 * asks her again, with what the refusal names.
 *
 * @throws RequestRefused `insufficient_user_authentication`
 * @see RFC 9470 §3
 */
export function requireAuthentication(
  { authentication: wanted, runtime }: Protection,
  { acr, auth_time }: AccessTokenClaims,
): void {
  if (wanted === undefined) return;
  const { acr_values, max_age } = wanted;
  const strong = acr_values === undefined || acr_values.some((one) => satisfiesAcr(acr, one));
  const fresh = max_age === undefined || isWithin(auth_time, max_age, runtime.now());
  if (strong && fresh) return;
  throw new RequestRefused(
    "insufficient_user_authentication",
    strong
      ? "The person must prove herself again; too much time has passed."
      : "The person must prove herself in a stronger way.",
    { wanted },
  );
}

const isWithin = (authTime: number | undefined, maxAge: number, now: number): boolean =>
  authTime !== undefined && now <= (authTime + maxAge) * 1000;

/**
 * Refuses when what is known to be dead is too old to rely on, and when any of the keys is among it.
 *
 * @throws RequestRefused
 */
export function requireLiving(
  feed: LivingFeed,
  rev: readonly string[],
  why = "The access token has been revoked.",
): void {
  requireFresh(feed);
  if (feed.isDead(rev)) throw new RequestRefused("invalid_token", why);
}

/** @throws RequestRefused */
export function requireFresh(feed: LivingFeed): void {
  if (feed.isFresh()) return;
  throw new RequestRefused(
    "temporarily_unavailable",
    "The revocation feed is older than 10 seconds; no token can be relied on until it is heard again.",
  );
}

/** The refusal while the issuer cannot be asked for its keys. */
export const keysAway = (cause: CountersignError): RequestRefused =>
  new RequestRefused("temporarily_unavailable", "The issuer's keys cannot be had now.", { cause });

/** What is refused says besides what the sender needs to know to do better. */
export async function challenging<T>(
  { nonces, metadataUrl }: Pick<Protection, "nonces" | "metadataUrl">,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (refusal) {
    if (!(refusal instanceof RequestRefused)) throw refusal;
    throw refusal.with({
      ...(nonces === undefined ? {} : { nonce: nonces.newest() }),
      ...(metadataUrl === undefined ? {} : { metadataUrl }),
    });
  }
}
