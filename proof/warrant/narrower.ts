import { coversAll } from "../grant/index.ts";
import { type VerificationCode, VerificationError } from "../verification-error.ts";
import { sameActor } from "./actor.ts";
import type { WarrantClaims } from "./claims.ts";
import { issuerOfKey, type WarrantLink } from "./link.ts";

/** @throws VerificationError `wrong-issuer`, `too-deep`, `malformed` */
export function requireRoot({ iss, del_depth, par_hash }: WarrantClaims, issuer: string): void {
  if (iss !== issuer) throw new VerificationError("wrong-issuer", "the issuer is another one");
  if (del_depth !== 0) throw new VerificationError("too-deep", "a root has depth 0");
  if (par_hash !== undefined) throw new VerificationError("malformed", "a root has no par_hash");
}

/**
 * That a link follows from the one before: made by its holder, bound to its exact text, and giving nothing
 * that it does not give. What verifies a chain and what extends one both stand on this.
 *
 * @throws VerificationError `wrong-issuer`, `broken-chain`, `too-deep`, `wrong-subject`, `widened`, `malformed`
 */
export function requireNarrower(parent: WarrantLink, to: WarrantClaims): void {
  const from = parent.claims;
  if (to.iss !== issuerOfKey(parent.jkt))
    fail("wrong-issuer", "iss is not the key that held the link before");
  if (to.par_hash !== parent.hash) fail("broken-chain", "par_hash is of another link than the one before");
  if (to.consent !== undefined || to.rev !== undefined || to.per_call !== undefined) {
    fail("malformed", "only a root has consent, rev and per_call");
  }
  requireSameList(from, to);
  requireDepth(from, to);
  requireSameCause(from, to);
  requireTimes(from, to);
  if (to.aud.some((each) => !from.aud.includes(each))) fail("widened", "aud names more than the link before");
  if (!coversAll(from.authorization_details, to.authorization_details)) {
    fail("widened", "a grant fits inside no single grant of the link before");
  }
}

/**
 * Whoever is told a list fetches it. Which one is the issuer's to say: a holder who named another would choose
 * where verifiers connect to, and what they read there of its own link.
 */
function requireSameList({ status: before }: WarrantClaims, { status }: WarrantClaims): void {
  if (status === undefined || status.status_list.uri === before?.status_list.uri) return;
  fail("malformed", "status names another list than the link before");
}

function requireDepth(from: WarrantClaims, to: WarrantClaims): void {
  if (to.del_depth !== from.del_depth + 1) fail("too-deep", "del_depth is not one more than before");
  if (to.del_depth > from.del_max_depth) fail("too-deep", "the link before does not allow another");
  if (to.del_max_depth > from.del_max_depth) fail("too-deep", "del_max_depth is higher than before");
}

function requireSameCause(from: WarrantClaims, to: WarrantClaims): void {
  const isSame = to.sub === from.sub && to.sub_profile === from.sub_profile && to.txn === from.txn;
  if (!isSame) fail("wrong-subject", "sub, sub_profile or txn is another than before");
  if (!sameActor(to.act.act, from.act)) fail("broken-chain", "act does not extend the one before");
}

function requireTimes(from: WarrantClaims, to: WarrantClaims): void {
  if (to.exp > from.exp) fail("widened", "it ends after the link before");
  if (to.iat < from.iat) fail("widened", "it was made before the link before");
  if ((to.nbf ?? 0) < (from.nbf ?? 0)) fail("widened", "it begins before the link before");
}

/**
 * That no id stands twice in a chain.
 *
 * @throws VerificationError `broken-chain`
 */
export function requireDistinct(ids: readonly string[]): void {
  if (new Set(ids).size !== ids.length) fail("broken-chain", "two links have the same jti");
}

function fail(code: VerificationCode, problem: string): never {
  throw new VerificationError(code, problem);
}
