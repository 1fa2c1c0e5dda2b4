import { sha256Base64url } from "@countersign/proof/digest";
import { verifyDpopProof } from "@countersign/proof/dpop";
import { canonicalize } from "@countersign/proof/jcs";
import { createKeyCache } from "@countersign/proof/jwk";
import {
  type AccessTokenClaims,
  createTokenCache,
  signedJti,
  type TokenCache,
  verifyAccessToken,
} from "@countersign/proof/token";
import { orRefuse } from "@countersign/proof/verification-error";
import { type Access, accessOf } from "./access.ts";
import { CountersignError } from "./errors.ts";
import {
  challenging,
  type Protection,
  requireAuthentication,
  requireFresh,
  requireLiving,
  type ToolCall,
} from "./protection.ts";
import { proofRefused, RequestRefused, tokenRefused } from "./refusal.ts";
import { createReplayMemory } from "./replay-memory.ts";

/** What a protected service knows of a request. All of it but `url` is the sender's word. */
export interface ProtectedRequest {
  readonly method: string;
  /** The public URL of the endpoint, from the service's own configuration; never from the `Host` header. */
  readonly url: string;
  /** Each header's values as they came; more than one of either refuses. Node's `req.headersDistinct` has them. */
  readonly authorization: readonly string[] | undefined;
  readonly dpop: readonly string[] | undefined;
  /**
   * The DER of the certificate by which the client of this connection has proven itself, as the service's own TLS
   * knows it (`socket.getPeerX509Certificate()?.raw`); never from a header that a stranger could have written.
   * Only with it are tokens taken that are bound to a certificate.
   */
  readonly certificate?: Uint8Array | undefined;
  /** The tool that it calls, as this service maps it: the proof of possession must cover it and its arguments. */
  readonly call: ToolCall;
}

/** Stands before one resource and lets nothing through that is not proven. */
export interface Protector {
  /**
   * Verifies a request: the access token by the issuer's keys, that it is for this resource, that the sender
   * holds what it is bound to (a key, by a proof that comes for the first time, or the certificate of the
   * connection), and that nothing it rests on has been revoked.
   *
   * @throws RequestRefused whose `status`, `headers` and `body` are the answer
   */
  verify(attackerRequest: ProtectedRequest): Promise<Access>;
}

/** How old a proof may be, in seconds. */
const proofWindow = 60;
/** Of all senders together. */
const rememberedProofs = 100_000;
const rememberedKeys = 1_000;
/** Tokens whose signature was verified: one is sent with many calls, each with a proof of its own. */
const rememberedTokens = 1_000;

export function protect(protection: Protection): Protector {
  const proofs = createReplayMemory(rememberedProofs);
  const holders = createKeyCache(rememberedKeys);
  const tokens = createTokenCache(rememberedTokens);
  const { runtime, feed } = protection;
  return {
    async verify(attackerRequest) {
      return challenging(protection, async () => {
        const sent = readToken(attackerRequest.authorization);
        return recordingRefusals(protection, sent.attackerToken, attackerRequest.call.tool, () =>
          judge(attackerRequest, sent),
        );
      });
    },
  };

  async function judge(
    attackerRequest: ProtectedRequest,
    { scheme, attackerToken }: SentToken,
  ): Promise<Access> {
    const attackerProof = scheme === "dpop" ? readProof(attackerRequest.dpop) : undefined;
    const claims = await verifyToken(protection, attackerToken, tokens);
    if (attackerProof === undefined) requireCertificate(attackerRequest, claims);
    else requireProof(attackerRequest, attackerProof, attackerToken, claims);
    requireLiving(feed, claims.rev);
    requireAuthentication(protection, claims);
    return accessOf(protection, { token: attackerToken, claims }, attackerRequest.call);
  }

  function requireProof(
    attackerRequest: ProtectedRequest,
    attackerProof: string,
    attackerToken: string,
    claims: AccessTokenClaims,
  ): void {
    const now = runtime.now();
    const proof = refuseAs(proofRefused, () =>
      verifyDpopProof(attackerProof, {
        ...expectationOf(attackerRequest),
        accessToken: attackerToken,
        expectedJkt: claims.cnf.jkt,
        now,
        windowSeconds: proofWindow,
        keys: holders,
        nonce: protection.nonces?.good(),
      }),
    );
    requireFirst(proofs.note(proof.jkt, proof.replayKey, proof.expiresAt, now));
  }
}

/**
 * What is turned away with a token that the issuer has signed is told to the control plane. What strangers
 * send is not: it says nothing about anybody.
 */
async function recordingRefusals<T>(
  { keys, uses, resource }: Protection,
  attackerToken: string,
  tool: string,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (refusal) {
    if (refusal instanceof RequestRefused && refusal.status !== 503 && refusal.error !== "use_dpop_nonce") {
      const jti = await keys.verifyWith((known) => signedJti(attackerToken, known)).catch(() => undefined);
      if (jti !== undefined) uses.refused({ resource, tool, refusal, jti });
    }
    throw refusal;
  }
}

interface SentToken {
  readonly scheme: "dpop" | "bearer";
  readonly attackerToken: string;
}

/** `Bearer` is for tokens that are bound to a certificate (RFC 8705 §3); none is taken from whoever just bears it. */
function readToken(authorization: readonly string[] | undefined): SentToken {
  const [only, ...more] = authorization ?? [];
  if (only === undefined) throw new RequestRefused(undefined, "An access token is needed.");
  const match = /^(DPoP|Bearer) +([A-Za-z0-9\-._~+/]+=*)$/i.exec(only);
  if (more.length > 0) throw new RequestRefused("invalid_request", "More than one Authorization header.");
  const [, scheme, attackerToken] = match ?? [];
  if (attackerToken === undefined) {
    throw new RequestRefused("invalid_token", "The Authorization header must be of the scheme DPoP.");
  }
  return { scheme: scheme?.toLowerCase() === "dpop" ? "dpop" : "bearer", attackerToken };
}

/**
 * @throws RequestRefused unless the token is bound to the certificate of this very connection, and nothing else
 *   is claimed besides
 * @see RFC 8705 §3
 */
function requireCertificate({ certificate, dpop }: ProtectedRequest, { cnf }: AccessTokenClaims): void {
  const bound = cnf["x5t#S256"];
  if (bound === undefined)
    throw new RequestRefused(
      "invalid_token",
      "The access token is bound to a key; send it with a DPoP proof.",
    );
  if (dpop !== undefined) throw new RequestRefused("invalid_request", "A DPoP proof beside a Bearer token.");
  if (certificate === undefined || sha256Base64url(certificate) !== bound)
    throw new RequestRefused(
      "invalid_token",
      "The access token is bound to another certificate than this connection's.",
    );
}

function readProof(dpop: readonly string[] | undefined): string {
  const [only, ...more] = dpop ?? [];
  if (only !== undefined && more.length === 0) return only;
  throw new RequestRefused("invalid_dpop_proof", "Exactly one DPoP header is needed.");
}

async function verifyToken(
  { runtime, issuer, resource, keys, feed }: Protection,
  attackerToken: string,
  cache: TokenCache,
): Promise<AccessTokenClaims> {
  requireFresh(feed);
  try {
    return await keys.verifyWith((known) =>
      verifyAccessToken(attackerToken, {
        issuer,
        audience: resource,
        keys: known,
        now: runtime.now(),
        isDead: (rev) => feed.isDead(rev),
        cache,
      }),
    );
  } catch (cause) {
    throw cause instanceof CountersignError ? keysAway(cause) : tokenRefused(cause);
  }
}

const keysAway = (cause: CountersignError): RequestRefused =>
  new RequestRefused("temporarily_unavailable", "The issuer's keys cannot be had now.", { cause });

function expectationOf({ method, url, call }: ProtectedRequest) {
  return { method, url, tool: call.tool, argsHash: hashOf(call.args) };
}

/** Some JSON has no canonical form, such as a lone surrogate: nobody can have signed for it. */
const hashOf = (attackerArgs: ProtectedRequest["call"]["args"]): string =>
  orRefuse("malformed", "the arguments", () => sha256Base64url(canonicalize(attackerArgs)));

function refuseAs<T>(refused: (cause: unknown) => RequestRefused, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    throw refused(cause);
  }
}

function requireFirst(noted: "new" | "seen" | "full"): void {
  if (noted === "seen") {
    throw new RequestRefused("invalid_dpop_proof", "This DPoP proof has been used; make one per request.");
  }
  if (noted === "full") throw new RequestRefused("temporarily_unavailable", "Too many requests at once.");
}
