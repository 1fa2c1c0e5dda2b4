import type { KeyObject } from "node:crypto";
import { isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import type { KeySet } from "../jwk/index.ts";
import {
  claimsOf,
  optionalSeconds,
  ownMember,
  requireAlive,
  requiredText,
  signCompact,
  verifyCompact,
} from "../jws/index.ts";
import type { StatusReference } from "../token/index.ts";
import { VerificationError } from "../verification-error.ts";
import { decodeStatuses, STATUS, type StatusBits } from "./statuses.ts";

const typ = "statuslist+jwt";

/** The most that a list may inflate to, in bytes, where the caller says nothing else: 16 million places of two bits. */
const defaultMaxBytes = 4_194_304;

/** What a status list token says. Times are seconds since 1970. @see Token Status List §5.1 */
export type StatusListClaims = {
  /** The address of the list, as tokens name it. */
  sub: string;
  iat: number;
  exp: number;
  /** How long it may be kept after it was fetched, in seconds. */
  ttl: number;
  status_list: { bits: StatusBits; lst: string; aggregation_uri?: string };
};

/** A list that was verified. */
export interface StatusList {
  /** Its address. */
  readonly uri: string;
  /** Milliseconds since 1970: from then on it must be fetched anew. */
  readonly freshUntil: number;
  /**
   * The status at a place: 0 valid, 1 invalid, 2 suspended.
   *
   * @throws VerificationError `malformed` for a place that the list does not have
   */
  at(idx: number): number;
}

/** Signs a status list token with a P-256 or Ed25519 key. */
export const issueStatusList = (claims: StatusListClaims, signer: { kid: string; key: KeyObject }): string =>
  signCompact({ header: { typ, kid: signer.kid }, payload: claims, key: signer.key });

/**
 * Verifies a status list token. The token that refers to it must have been verified before, by itself.
 *
 * @param expected.uri where it was fetched from, as the token names it
 * @param expected.keys the keys of whoever issued the token
 * @param expected.fetchedAt milliseconds since 1970: when it was asked for; now, if absent
 * @param expected.now milliseconds since 1970
 * @param expected.maxBytes the most that it may inflate to; 4 MiB if absent
 * @throws VerificationError `malformed`, `not-canonical`, `too-large`, `missing-claim`, `wrong-typ`,
 *   `wrong-alg`, `unknown-key`, `bad-signature`, `wrong-subject`, `expired`, `not-yet-valid`, `stale`
 * @see Token Status List §8.3
 */
export function verifyStatusList(
  attackerToken: string,
  expected: { uri: string; keys: KeySet; now: number; fetchedAt?: number; maxBytes?: number },
): StatusList {
  const maxBytes = expected.maxBytes ?? defaultMaxBytes;
  const { payload } = verifyCompact(attackerToken, {
    typ,
    algs: ["ES256", "EdDSA"],
    resolve: ({ kid }) => (kid === undefined ? undefined : expected.keys.get(kid)),
    // Twice base64: of the list itself, which zlib may leave a little longer than it was, and of the payload.
    maxLength: 4096 + 2 * maxBytes,
  });
  const claims = claimsOf(payload);
  if (requiredText(claims, "sub") !== expected.uri)
    throw new VerificationError("wrong-subject", "the list is another one");
  const freshUntil = requireFresh(claims, expected);
  const { bits, lst } = parseList(ownMember(claims, "status_list"));
  const statuses = decodeStatuses(lst, maxBytes);
  return { uri: expected.uri, freshUntil, at: (idx) => statusAt(statuses, bits, idx) };
}

/**
 * Lets only a token pass whose status is valid.
 *
 * @param now milliseconds since 1970
 * @throws VerificationError `dead`, for invalid, suspended and every status that is not known here;
 *   `wrong-subject` when the list is not the one that the token names; `stale` when the list must be fetched
 *   anew; `malformed` when it has no such place
 */
export function requireValidStatus({ status_list }: StatusReference, list: StatusList, now: number): void {
  if (status_list.uri !== list.uri)
    throw new VerificationError("wrong-subject", "the token names another list");
  if (!(now < list.freshUntil)) throw new VerificationError("stale", "the list must be fetched anew");
  if (list.at(status_list.idx) !== STATUS.valid)
    throw new VerificationError("dead", "the token is not valid any more");
}

/** An old list would tell of a time when the token was still good. @returns milliseconds since 1970 */
function requireFresh(
  claims: JsonObject,
  { now, fetchedAt = now }: { now: number; fetchedAt?: number },
): number {
  const { exp, iat } = requireAlive(claims, now);
  if (iat === undefined) throw new VerificationError("missing-claim", "iat is missing");
  const ttl = optionalSeconds(claims, "ttl");
  const freshUntil = Math.min(exp * 1000, ttl === undefined ? exp * 1000 : fetchedAt + ttl * 1000);
  if (now < freshUntil) return freshUntil;
  throw new VerificationError("stale", "the list must be fetched anew");
}

function parseList(list: Json | undefined): { bits: StatusBits; lst: string } {
  if (list === undefined) throw new VerificationError("missing-claim", "status_list is missing");
  const { bits, lst } = isJsonObject(list) ? list : {};
  if ((bits === 1 || bits === 2 || bits === 4 || bits === 8) && typeof lst === "string") return { bits, lst };
  throw new VerificationError("malformed", "status_list holds bits, 1, 2, 4 or 8, and lst");
}

function statusAt(statuses: Uint8Array, bits: StatusBits, idx: number): number {
  const byte = Number.isSafeInteger(idx) && idx >= 0 ? statuses[Math.floor((idx * bits) / 8)] : undefined;
  if (byte === undefined) throw new VerificationError("malformed", "the list has no such place");
  return (byte >> ((idx * bits) % 8)) & (2 ** bits - 1);
}
