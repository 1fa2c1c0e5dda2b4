import { type VerificationCode, VerificationError } from "@countersign/proof/verification-error";
import { CountersignError } from "./errors.ts";

/** What a resource says no with. @see RFC 6750 §3.1, RFC 9449 §7.1 */
export type RefusalError =
  | "invalid_request"
  | "invalid_token"
  | "invalid_dpop_proof"
  | "use_dpop_nonce"
  | "insufficient_scope"
  | "insufficient_user_authentication"
  | "temporarily_unavailable";

const statuses: Readonly<Record<RefusalError, 400 | 401 | 403 | 503>> = {
  invalid_request: 400,
  invalid_token: 401,
  invalid_dpop_proof: 401,
  use_dpop_nonce: 401,
  insufficient_scope: 403,
  insufficient_user_authentication: 401,
  temporarily_unavailable: 503,
};

/** How, and how lately, the person must have proven herself. @see RFC 9470 §3 */
export interface WantedAuthentication {
  /** Any one of them, or a stronger one. */
  readonly acr_values?: readonly string[];
  /** Seconds since she did. */
  readonly max_age?: number;
}

/**
 * A request that a protected service must not serve. `status`, `headers` and `body` are the answer to send;
 * `message` is public.
 */
export class RequestRefused extends CountersignError {
  override readonly name = "RequestRefused";
  /** Absent when the request brought no token at all. @see RFC 6750 §3.1 */
  readonly error: RefusalError | undefined;
  #besides: { nonce?: string; metadataUrl?: string } = {};

  /** How the person must prove herself, with `insufficient_user_authentication`. */
  readonly wanted: WantedAuthentication | undefined;

  constructor(
    error: RefusalError | undefined,
    message: string,
    options?: ErrorOptions & { wanted?: WantedAuthentication },
  ) {
    super(message, options);
    this.error = error;
    this.wanted = options?.wanted;
  }

  /** Says besides which nonce the next proof needs, and where the resource describes itself. */
  with(besides: { nonce?: string; metadataUrl?: string }): this {
    this.#besides = { ...this.#besides, ...besides };
    return this;
  }

  get status(): 400 | 401 | 403 | 503 {
    return this.error === undefined ? 401 : statuses[this.error];
  }

  get headers(): Record<string, string> {
    if (this.error === "temporarily_unavailable") return { "retry-after": "2" };
    const { nonce, metadataUrl } = this.#besides;
    const metadata = metadataUrl === undefined ? "" : `, resource_metadata="${metadataUrl}"`;
    return {
      "www-authenticate": challenge(this.error, this.message, this.wanted) + metadata,
      ...(nonce === undefined ? {} : { "dpop-nonce": nonce }),
    };
  }

  get body(): { error: string; error_description: string } {
    return { error: this.error ?? "invalid_token", error_description: this.message };
  }
}

function challenge(
  error: RefusalError | undefined,
  description: string,
  wanted: WantedAuthentication = {},
): string {
  const algs = 'algs="ES256 EdDSA"';
  if (error === undefined) return `DPoP ${algs}`;
  // RFC 6750 §3: no double quote, no backslash, nothing beyond printable ASCII.
  const words = description.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "");
  const { acr_values, max_age } = wanted;
  const asked = [
    ...(acr_values === undefined ? [] : [`acr_values="${acr_values.join(" ")}"`]),
    ...(max_age === undefined ? [] : [`max_age="${max_age}"`]),
  ];
  return [`DPoP error="${error}"`, `error_description="${words}"`, ...asked, algs].join(", ");
}

/** What a caller may learn about a token that does not hold; whatever is not named here is just not valid. */
const tokenMessages: Partial<Record<VerificationCode, string>> = {
  expired: "The access token has expired; ask for a new one.",
  "wrong-audience": "The access token is for another resource; ask for one for this resource.",
  "wrong-issuer": "The access token is by another issuer.",
  dead: "The access token has been revoked.",
};

/** The refusal of an access token that does not verify. */
export function tokenRefused(cause: unknown): RequestRefused {
  if (!(cause instanceof VerificationError)) throw cause;
  const message = tokenMessages[cause.code] ?? "The access token is not valid.";
  return new RequestRefused("invalid_token", message, { cause });
}

export const proofMessages: Partial<Record<VerificationCode, string>> = {
  stale: "The DPoP proof is too old; make one per request.",
  "not-bound": "The access token is bound to another key than the one that made the DPoP proof.",
  "wrong-tool": "The DPoP proof is for another tool.",
  "wrong-arguments": "The DPoP proof is for other arguments.",
};

/**
 * The refusal of a proof of possession that does not verify.
 *
 * @param messages where it is over something else than an access token
 */
export function proofRefused(cause: unknown, messages = proofMessages): RequestRefused {
  if (!(cause instanceof VerificationError)) throw cause;
  if (cause.code === "wrong-nonce") {
    const wanted = "The DPoP proof needs the nonce of this answer.";
    return new RequestRefused("use_dpop_nonce", wanted, { cause });
  }
  const message = messages[cause.code] ?? "The DPoP proof is not valid for this request.";
  return new RequestRefused("invalid_dpop_proof", message, { cause });
}
