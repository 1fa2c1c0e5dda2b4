import type { KeyObject } from "node:crypto";
import type { Grant } from "../grant/index.ts";
import { publicJwkOf } from "../jwk/index.ts";
import { VerificationError } from "../verification-error.ts";
import type { Actor } from "./actor.ts";
import { requireChainSize } from "./chain-size.ts";
import { type HolderJwk, parseWarrantClaims, type WarrantClaims } from "./claims.ts";
import { warrantLimits } from "./limits.ts";
import { issuerOfKey, readLink, signLink, type WarrantLink } from "./link.ts";
import { requireDistinct, requireNarrower } from "./narrower.ts";

/** What the holder of a warrant passes on. Times are seconds since 1970. */
export type NextLink = {
  /** The next holder's public key. */
  holder: HolderJwk;
  /** Who that is, as the one who passes it on says. */
  act: Omit<Actor, "act">;
  /** What is passed on; each fits inside one grant of the link before. */
  grants: Grant[];
  /** Where it may be used; everywhere where the link before may be if absent. */
  aud?: string[];
  iat: number;
  nbf?: number;
  exp: number;
  jti: string;
  /** The depth that no link below may pass; that of the link before if absent. */
  maxDepth?: number;
};

/**
 * Passes a warrant on, narrower, with nobody asked: the next link, signed by the key that holds the last one.
 * What `verifyWarrant` would refuse of the new link is refused here already.
 *
 * @param parent the last link, or the whole chain, root first: then its length and ids are checked as well
 * @param parentKey the private key that holds the last link
 * @returns the compact form of the new link alone
 * @throws VerificationError `not-bound` when the key does not hold the last link, `too-large`, and whatever
 *   `verifyWarrant` refuses of a link
 */
export function narrowWarrant(
  parent: string | readonly string[],
  next: NextLink,
  parentKey: KeyObject,
): string {
  const chain = typeof parent === "string" ? [parent] : parent;
  requireChainSize(chain, warrantLimits.links - 1);
  const links = chain.map(readLink);
  const last = links.at(-1);
  if (last === undefined || !isHeldBy(last, parentKey)) {
    throw new VerificationError("not-bound", "the last link is held by another key");
  }
  const claims = parseWarrantClaims(nextClaims(last, next));
  requireNarrower(last, claims);
  requireDistinct([...links.map((link) => link.claims.jti), claims.jti]);
  const compact = signLink(claims, parentKey);
  requireChainSize([...chain, compact]);
  return compact;
}

function isHeldBy({ claims }: WarrantLink, key: KeyObject): boolean {
  const [named, own] = [claims.cnf.jwk, publicJwkOf(key)];
  if (named.kty === "EC") return own.kty === "EC" && own.x === named.x && own.y === named.y;
  return own.kty === "OKP" && own.x === named.x;
}

function nextClaims({ claims, jkt, hash }: WarrantLink, next: NextLink): WarrantClaims {
  const { iss, sub, sub_profile } = next.act;
  const nbf = next.nbf ?? claims.nbf;
  return {
    iss: issuerOfKey(jkt),
    sub: claims.sub,
    ...(claims.sub_profile === undefined ? {} : { sub_profile: claims.sub_profile }),
    aud: next.aud ?? claims.aud,
    iat: next.iat,
    ...(nbf === undefined ? {} : { nbf }),
    exp: next.exp,
    jti: next.jti,
    txn: claims.txn,
    cnf: { jwk: next.holder },
    act: { iss, sub, ...(sub_profile === undefined ? {} : { sub_profile }), act: claims.act },
    del_depth: claims.del_depth + 1,
    del_max_depth: next.maxDepth ?? claims.del_max_depth,
    par_hash: hash,
    authorization_details: next.grants,
  };
}
