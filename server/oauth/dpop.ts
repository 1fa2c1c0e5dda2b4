import { type DpopProof, verifyDpopProof } from "@countersign/proof/dpop";
import type { PublicJwk } from "@countersign/proof/jwk";
import { VerificationError } from "@countersign/proof/verification-error";
import type { RawRequest } from "../http/index.ts";
import { Fault } from "../lib/index.ts";
import type { BoundClient, Client } from "./client.ts";
import type { NonceParty } from "./dpop-nonces.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import type { OneTimeProof } from "./one-time-proof.ts";

/** How old a proof may be, in seconds, at the token endpoint and at our own API. */
const TOKEN_ENDPOINT_WINDOW = 300;
const API_WINDOW = 60;

/**
 * Binds a client to the request: it must prove, for this URL and now, to hold the very key that it enrolled,
 * unless it has proven what it holds when it authenticated. A token bound to another key would carry a strength
 * that nobody has measured.
 * @throws Fault `invalid-dpop-proof`; `use-dpop-nonce` when it needs a newer nonce of ours
 * @see RFC 9449 §5, RFC 8705 §3
 */
export function proveHolder(
  deps: OauthDeps,
  client: Client,
  request: RawRequest,
): Omit<BoundClient, "asked"> {
  const { binding } = client;
  const { method, url, headers } = request;
  const sent = typeof headers.dpop === "string" ? { presented: { proof: headers.dpop, method, url } } : {};
  if (binding !== undefined) return { ...client, binding, ...sent };
  const proof = verified(deps, "token-endpoint", request, {
    windowSeconds: TOKEN_ENDPOINT_WINDOW,
    expectedJkt: client.instance.thumbprint,
  });
  return { ...client, binding: { cnf: { jkt: proof.jkt } }, dpop: oneTime(proof), ...sent };
}

/**
 * Verifies that whoever authenticates by what others say of it holds a key: any key, from now on its own.
 * @throws Fault `invalid-dpop-proof`; `use-dpop-nonce` when it needs a newer nonce of ours
 */
export function proveAnyKey(
  deps: OauthDeps,
  request: RawRequest,
): { jwk: PublicJwk; jkt: string; proof: OneTimeProof } {
  const proof = verified(deps, "token-endpoint", request, {
    windowSeconds: TOKEN_ENDPOINT_WINDOW,
    expectedJkt: undefined,
  });
  return { jwk: proof.jwk, jkt: proof.jkt, proof: oneTime(proof) };
}

/**
 * Verifies that whoever sends a request to our own API holds a key: the one that the access token with it is bound to.
 * @throws Fault `invalid-dpop-proof`; `use-dpop-nonce` when it needs a newer nonce of ours
 * @see RFC 9449 §7.1
 */
export function provePossession(
  deps: OauthDeps,
  request: RawRequest,
  token: { accessToken?: string; expectedJkt: string | undefined },
): OneTimeProof {
  return oneTime(verified(deps, "api", request, { windowSeconds: API_WINDOW, ...token }));
}

const oneTime = (proof: DpopProof): OneTimeProof => ({
  key: `dpop|${proof.replayKey}`,
  expires: proof.expiresAt,
  refusal: "invalid-dpop-proof",
});

function verified(
  deps: OauthDeps,
  party: NonceParty,
  request: RawRequest,
  expected: { windowSeconds: number; expectedJkt: string | undefined; accessToken?: string },
): DpopProof {
  const attackerProof = request.headers.dpop;
  // Node joins repeated headers with a comma, which no compact JWS contains: two proofs cannot pass for one.
  if (typeof attackerProof !== "string") throw notProven();
  const { method, url } = request;
  try {
    return verifyDpopProof(attackerProof, {
      method,
      url,
      now: deps.clock.now(),
      keys: deps.holderKeys,
      ...deps.nonces.expected(party),
      ...expected,
    });
  } catch (cause) {
    if (cause instanceof VerificationError && cause.code === "wrong-nonce") throw needsNonce(cause);
    throw notProven(cause);
  }
}

const notProven = (cause?: unknown): Fault =>
  new Fault("invalid-dpop-proof", "The DPoP proof is missing or does not hold for this request.", {
    remedy: "Send one DPoP header, signed now with the enrolled key, for this method and URL.",
    cause,
  });

const needsNonce = (cause: unknown): Fault =>
  new Fault("use-dpop-nonce", "The DPoP proof has no nonce of this server, or an old one.", {
    remedy: "Sign a new one with the nonce that the header DPoP-Nonce of this answer holds.",
    cause,
  });
