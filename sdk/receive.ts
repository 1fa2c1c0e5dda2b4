import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize } from "@countersign/proof/jcs";
import { humanPrincipal } from "@countersign/proof/token";
import { type TxnTokenClaims, verifyTxnToken } from "@countersign/proof/txn-token";
import { orRefuse, type VerificationCode, VerificationError } from "@countersign/proof/verification-error";
import { CountersignError, Refused } from "./errors.ts";
import { type Protection, requireFresh, requireLiving, type ToolCall } from "./protection.ts";
import { RequestRefused } from "./refusal.ts";
import { createReplayMemory, type ReplayMemory } from "./replay-memory.ts";
import type { Transactions } from "./transactions.ts";

/** What a service behind another knows of a request. All of it is the sender's word but `from`. */
export interface InternalRequest {
  /** The values of the header `Txn-Token` as they came; more than one refuses. */
  readonly txnToken: readonly string[] | undefined;
  /** The call that it says it is for: the token must be for exactly this. */
  readonly call: ToolCall;
  /**
   * SPIFFE ID of the sender, as the connection has proven it: the token must have been given to it. A service that
   * proves nobody says `unproven`, and then whoever got hold of a token may send it, once, for this very call.
   */
  readonly from: string;
}

/** A verified request of a service that serves a call: who acts in it, and for whom. */
export interface Transaction {
  readonly claims: TxnTokenClaims;
  /** The person for whom it is done; absent when the agent acts on its own. */
  readonly human_principal: string | undefined;
  /** The agent that acts. */
  readonly agent: string | undefined;
  /** A token of this service's own for the same transaction, to show to those behind it. @throws Refused, Unreachable */
  goOn(): Promise<string>;
}

/** Stands behind one resource and lets nothing through that is not a call of it. */
export interface Receiver {
  /**
   * Verifies a request: the token by the issuer's keys, that it is for this domain, resource, tool and arguments,
   * that nothing it rests on has been revoked, and that it comes for the first time. Where the tool changes
   * anything, that is asked of the control plane, which knows of all copies of this service.
   *
   * @throws RequestRefused whose `status`, `headers` and `body` are the answer
   */
  verify(attackerRequest: InternalRequest): Promise<Transaction>;
}

/** What a receiver rests on. */
export interface Receiving extends Pick<Protection, "runtime" | "issuer" | "resource" | "keys" | "feed"> {
  readonly trustDomain: string;
  readonly transactions: Transactions;
}

const rememberedTransactions = 100_000;

export function receive(receiving: Receiving): Receiver {
  const memory = createReplayMemory(rememberedTransactions);
  return {
    async verify(attackerRequest) {
      const attackerToken = readToken(attackerRequest.txnToken);
      const verified = await verifyToken(receiving, attackerToken, attackerRequest);
      requireLiving(receiving.feed, verified.claims.rev);
      await spend(receiving, memory, attackerToken, verified);
      const { claims } = verified;
      return {
        claims,
        human_principal: humanPrincipal(claims.sub),
        agent: claims.act?.sub,
        goOn: () => receiving.transactions.goOn(attackerToken),
      };
    },
  };
}

function readToken(txnToken: readonly string[] | undefined): string {
  const [only, ...more] = txnToken ?? [];
  if (only !== undefined && more.length === 0) return only;
  throw new RequestRefused("invalid_request", "Exactly one Txn-Token header is needed.");
}

type Verified = ReturnType<typeof verifyTxnToken>;

async function verifyToken(
  { runtime, issuer, trustDomain, resource, keys, feed }: Receiving,
  attackerToken: string,
  { call: { tool, args }, from }: InternalRequest,
): Promise<Verified> {
  requireFresh(feed);
  try {
    const argsHash = orRefuse("malformed", "the arguments", () => sha256Base64url(canonicalize(args)));
    // Who says nothing at all has proven nobody, and has not said that this is meant.
    const call = { resource, tool, argsHash, from: from === "unproven" ? undefined : (from ?? "") };
    return await keys.verifyWith((known) =>
      verifyTxnToken(attackerToken, { ...call, trustDomain, issuer, keys: known, now: runtime.now() }),
    );
  } catch (cause) {
    if (cause instanceof VerificationError) throw tokenRefused(cause);
    if (!(cause instanceof CountersignError)) throw cause;
    throw new RequestRefused("temporarily_unavailable", "The issuer's keys cannot be had now.", { cause });
  }
}

/** Where nothing changes, each copy of the service may serve it once; otherwise all copies together. */
async function spend(
  { runtime, transactions }: Receiving,
  memory: ReplayMemory,
  attackerToken: string,
  { claims, replayKey, expiresAt }: Verified,
): Promise<void> {
  if (claims.tctx.side_effect === true) {
    await transactions.spend(attackerToken).catch((cause) => {
      throw spendRefused(cause);
    });
    return;
  }
  const acting = claims.rctx?.instance ?? claims.act?.sub ?? claims.sub;
  const noted = memory.note(acting, replayKey, expiresAt, runtime.now());
  if (noted === "seen") throw new RequestRefused("invalid_token", "The transaction token has been used.");
  if (noted === "full") throw new RequestRefused("temporarily_unavailable", "Too many requests at once.");
}

const messages: Partial<Record<VerificationCode, string>> = {
  expired: "The transaction token has expired.",
  "wrong-audience": "The transaction token is for another trust domain.",
  "wrong-url": "The transaction token is for another resource.",
  "wrong-tool": "The transaction token is for another tool.",
  "wrong-arguments": "The transaction token is for other arguments.",
  "not-bound": "The transaction token was given to another workload.",
};

const tokenRefused = (cause: VerificationError): RequestRefused =>
  new RequestRefused("invalid_token", messages[cause.code] ?? "The transaction token is not valid.", {
    cause,
  });

/** What the control plane has not answered is not spent, and not served. */
function spendRefused(cause: unknown): RequestRefused {
  const answered =
    cause instanceof Refused &&
    cause.status < 500 &&
    cause.status !== 429 &&
    cause.code !== "unauthenticated";
  return answered
    ? new RequestRefused("invalid_token", "The transaction token has been used, or has ended.", { cause })
    : new RequestRefused(
        "temporarily_unavailable",
        "The transaction cannot be recorded now; nothing was done.",
        {
          cause,
        },
      );
}
