import { sha256Base64url } from "../digest/index.ts";
import type { Json, JsonObject } from "../jcs/index.ts";
import { type Algorithm, type PublicJwk, parsePublicJwk, thumbprint } from "../jwk/jwk.ts";
import { claimsOf, optionalText, requiredJti, requiredSeconds, requiredText } from "../jws/claims.ts";
import type { JwsHeader } from "../jws/header.ts";
import { clockSkewSeconds } from "../jws/lifetime.ts";
import { type VerificationCode, VerificationError } from "../verification-error.ts";
import { normalizeHtu } from "./htu.ts";

/** What every proof is, whoever verifies it. */
export const dpopForm: { typ: string; algs: readonly Algorithm[]; embeddedJwk: true } = {
  typ: "dpop+jwt",
  algs: ["ES256", "EdDSA"],
  embeddedJwk: true,
};

/** With an access token the key that the token is bound to must be named: neither check alone suffices. */
type Binding =
  | { accessToken: string; expectedJkt: string | undefined }
  | { accessToken?: undefined; expectedJkt?: string | undefined };

/** What the request must be, as the server itself knows it. */
export type DpopRequest = Binding & {
  method: string;
  /** The configured public URL of the endpoint, never one made from the `Host` header. */
  url: string;
  /** Nonces that are good now, if this server hands out nonces. */
  nonce?: string | readonly string[] | undefined;
  /** A proof without a nonce passes all the same; one that has a nonce must have a good one. */
  nonceMayBeAbsent?: boolean | undefined;
  /** Milliseconds since 1970. */
  now: number;
  /** How old a proof may be, in seconds. */
  windowSeconds: number;
  /** How far in the future it may lie, in seconds; 30 if absent. */
  skewSeconds?: number | undefined;
  /** Where the proof is for one call of a tool: the tool, and base64url SHA-256 of its canonical arguments. */
  tool?: string | undefined;
  argsHash?: string | undefined;
};

/** A proof that holds. It may count once: whoever asked must remember `replayKey` until `expiresAt`. */
export type DpopProof = {
  /** Thumbprint of the key that signed. */
  jkt: string;
  jwk: PublicJwk;
  jti: string;
  /** Seconds since 1970. */
  iat: number;
  /** `htu|jkt|jti`, one per proof and endpoint. */
  replayKey: string;
  /** Milliseconds since 1970; from then on the proof is stale by itself. */
  expiresAt: number;
};

/** The key that a proof brings along: its own, without a name that the sender gave it. */
export function holderOf(attackerHeader: JwsHeader): { jwk: PublicJwk; jkt: string } {
  const { kid: _, ...jwk } = parsePublicJwk(attackerHeader.jwk);
  return { jwk, jkt: thumbprint(jwk) };
}

/** Judges what a proof says, once its signature has held. Both halves of this package judge with it. */
export function judgeDpopProof(
  payload: Json,
  { jwk, jkt }: { jwk: PublicJwk; jkt: string },
  expected: DpopRequest,
): DpopProof {
  const claims = claimsOf(payload);
  const jti = requiredJti(claims);
  const htu = requireRequest(claims, expected);
  const { iat, expiresAt } = requireFresh(claims, expected);
  requireNonce(claims, expected);
  requireBinding(claims, jkt, expected);
  requireEqual(claims, "tool", expected.tool, "wrong-tool");
  requireEqual(claims, "args_hash", expected.argsHash, "wrong-arguments");
  return { jkt, jwk, jti, iat, replayKey: `${htu}|${jkt}|${jti}`, expiresAt };
}

function requireRequest(claims: JsonObject, expected: DpopRequest): string {
  const htu = normalizeHtu(expected.url);
  if (requiredText(claims, "htm") !== expected.method) throw refusal("wrong-method", "htm");
  if (normalizeHtu(requiredText(claims, "htu")) !== htu) throw refusal("wrong-url", "htu");
  return htu;
}

function requireFresh(claims: JsonObject, expected: DpopRequest): { iat: number; expiresAt: number } {
  const iat = requiredSeconds(claims, "iat");
  const expiresAt = (iat + expected.windowSeconds) * 1000;
  const skew = (expected.skewSeconds ?? clockSkewSeconds) * 1000;
  if (!(expected.now < expiresAt)) throw new VerificationError("stale", "the proof is too old");
  if (iat * 1000 > expected.now + skew)
    throw new VerificationError("not-yet-valid", "the proof lies in the future");
  return { iat, expiresAt };
}

function requireNonce(
  claims: JsonObject,
  { nonce: good, nonceMayBeAbsent }: Pick<DpopRequest, "nonce" | "nonceMayBeAbsent">,
): void {
  if (good === undefined) return;
  const nonce = optionalText(claims, "nonce");
  if (nonce === undefined && nonceMayBeAbsent === true) return;
  const taken = nonce !== undefined && (typeof good === "string" ? good === nonce : good.includes(nonce));
  if (!taken) throw refusal("wrong-nonce", "nonce");
}

function requireBinding(claims: JsonObject, jkt: string, { accessToken, expectedJkt }: DpopRequest): void {
  if (accessToken !== undefined) {
    requireEqual(claims, "ath", sha256Base64url(accessToken), "wrong-token-hash");
    if (expectedJkt === undefined) throw new VerificationError("not-bound", "the access token names no key");
  }
  if (expectedJkt !== undefined && jkt !== expectedJkt) {
    throw new VerificationError("not-bound", "the proof is by another key than the expected one");
  }
}

function requireEqual(
  claims: JsonObject,
  name: string,
  value: string | undefined,
  code: VerificationCode,
): void {
  if (value !== undefined && requiredText(claims, name) !== value) throw refusal(code, name);
}

function refusal(code: VerificationCode, name: string): VerificationError {
  return new VerificationError(code, `${name} is not the expected one`);
}
