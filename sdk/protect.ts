import { sha256Base64url } from "@countersign/proof/digest";
import { verifyDpopProof } from "@countersign/proof/dpop";
import { createKeyCache } from "@countersign/proof/jwk";
import {
  type AccessTokenClaims,
  createTokenCache,
  signedJti,
  type TokenCache,
  verifyAccessToken,
} from "@countersign/proof/token";
import type { PresentedConsent } from "@countersign/proof/warrant";
import { type WarrantAcceptance, warrantAcceptor } from "./accept-warrants.ts";
import { type Access, accessOf } from "./access.ts";
import { CountersignError } from "./errors.ts";
import { hashOf, proofWindow, readProof, requireFirst } from "./holder-proof.ts";
import {
  challenging,
  keysAway,
  type Protection,
  requireAuthentication,
  requireFresh,
  requireLiving,
  type ToolCall,
} from "./protection.ts";
import { requireRecordable } from "./recordable.ts";
import { proofRefused, RequestRefused, tokenRefused } from "./refusal.ts";
import type { WarrantAccess } from "./warrant-access.ts";

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
  /**
   * The values of the header `Warrant` as they came: a chain of warrants in place of an access token. Read only by a
   * protector that takes warrants.
   */
  readonly warrant?: readonly string[] | undefined;
  /** The person's consent to what the root of that chain gives, if it came along, in whatever way. */
  readonly consent?: PresentedConsent | undefined;
  /** The tool that it calls, as this service maps it: the proof of possession must cover it and its arguments. */
  readonly call: ToolCall;
}

/** Stands before one resource and lets nothing through that is not proven. */
export interface Protector<Verified = Access> {
  /**
   * Verifies a request: the access token by the issuer's keys, that it is for this resource, that the sender
   * holds what it is bound to (a key, by a proof that comes for the first time, or the certificate of the
   * connection), and that nothing it rests on has been revoked. Where warrants are taken, a chain of them instead:
   * every link, the holder's proof, the call by every link, what is revoked.
   *
   * @throws RequestRefused whose `status`, `headers` and `body` are the answer
   */
  verify(attackerRequest: ProtectedRequest): Promise<Verified>;
}

const rememberedKeys = 1_000;
/** Tokens whose signature was verified: one is sent with many calls, each with a proof of its own. */
const rememberedTokens = 1_000;

/** @throws CountersignError for one that should ask first and takes chains, which are asked about nowhere */
export function protect(protection: Protection): Protector;
export function protect(
  protection: Protection,
  warrants: WarrantAcceptance | undefined,
): Protector<Access | WarrantAccess>;
export function protect(
  protection: Protection,
  warrants?: WarrantAcceptance,
): Protector<Access | WarrantAccess> {
  if (protection.askFirst === true && warrants !== undefined)
    throw new CountersignError(
      "calls on warrants are asked about nowhere: take tokens alone, or leave out askFirst",
    );
  const holders = createKeyCache(rememberedKeys);
  const tokens = createTokenCache(rememberedTokens);
  const { runtime, feed, proofs } = protection;
  const accept = warrants && warrantAcceptor(protection, warrants, { proofs, holders });
  return {
    async verify(attackerRequest) {
      return challenging(protection, async () => {
        if (accept !== undefined && isPresent(attackerRequest.warrant)) return accept(attackerRequest);
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
    requireRecordable(attackerRequest.call);
    const attackerProof = scheme === "dpop" ? readProof(attackerRequest.dpop) : undefined;
    const claims = await verifyToken(protection, attackerToken, tokens);
    const proof =
      attackerProof === undefined
        ? requireCertificate(attackerRequest, claims)
        : requireProof(attackerRequest, attackerProof, attackerToken, claims);
    requireLiving(feed, claims.rev);
    requireAuthentication(protection, claims);
    return accessOf(protection, { token: attackerToken, claims, proof }, attackerRequest.call);
  }

  function requireProof(
    attackerRequest: ProtectedRequest,
    attackerProof: string,
    attackerToken: string,
    claims: AccessTokenClaims,
  ): string {
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
    requireFirst(proofs, proof, now);
    return sha256Base64url(proof.replayKey);
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

const isPresent = (header: readonly string[] | undefined): boolean => (header ?? []).length > 0;

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
function requireCertificate({ certificate, dpop }: ProtectedRequest, { cnf }: AccessTokenClaims): undefined {
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

function expectationOf({ method, url, call }: ProtectedRequest) {
  return { method, url, tool: call.tool, argsHash: hashOf(call.args) };
}

function refuseAs<T>(refused: (cause: unknown) => RequestRefused, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    throw refused(cause);
  }
}
