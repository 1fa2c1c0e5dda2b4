import { isJsonObject, type Json, type JsonObject } from "../jcs/index.ts";
import { optionalText, ownMember, requiredSeconds, requiredText } from "../jws/index.ts";
import { parseSpiffeId } from "../spiffe-id/index.ts";
import { type Act, parseAct } from "../token/index.ts";
import { VerificationError } from "../verification-error.ts";

/** How it is called at the token endpoint. */
export const txnTokenType = "urn:ietf:params:oauth:token-type:txn_token";

/** The longest life, in seconds. */
export const longestTxnToken = 300;

/** How many workloads a transaction may pass through. */
export const mostWorkloads = 4;

/** The one call that it is for. Nothing of it changes on its way. */
export type TransactionContext = {
  /** The resource at which the tool was called. */
  resource: string;
  tool: string;
  /** base64url SHA-256 of the canonical arguments. */
  args_hash: string;
  /** Whether the tool changes anything, so that its receivers spend the token where all of them can see it. */
  side_effect?: true;
} & { [name in (typeof contextTexts)[number]]?: string };

const contextTexts = ["action", "task", "purpose", "decision", "approval", "chain_hash"] as const;

/** Under which circumstances the call was made. */
export type RequestContext = { auth_time?: number } & { [name in (typeof requestTexts)[number]]?: string };

const requestTexts = ["req_ip", "acr", "strength", "instance"] as const;

/** What a transaction token says. Times are seconds since 1970. @see Transaction Tokens §5.2 */
export type TxnTokenClaims = {
  /** Whose keys to look for. What binds it to its domain is `aud`. */
  iss: string;
  /** The trust domain. */
  aud: string;
  iat: number;
  exp: number;
  /** The transaction, the same on all of its way. */
  txn: string;
  /** For whom it is done: the person, or the agent itself. */
  sub: string;
  /** What the transaction is for: the tool. */
  scope: string;
  /** The workloads that it came through, each a SPIFFE ID, one space between them, the last one last. */
  req_wl: string;
  /** Who acts for the person. */
  act?: Act;
  /** The revocation keys that kill it, as `kind:name`. */
  rev: string[];
  tctx: TransactionContext;
  rctx?: RequestContext;
};

const SHA256 = /^[A-Za-z0-9_-]{43}$/;
const REVOCATION_KEY = /^[a-z-]+:[^\s]+$/;
/** Those of the access token, and of who asked for it. */
const mostRevocationKeys = 128;

/**
 * Reads the claims, each with its type. Claims that are not ours are left out; inside `tctx` and `rctx` nothing
 * unknown is tolerated.
 *
 * @throws VerificationError `malformed`, `missing-claim`, `too-long-lived`
 */
export function parseTxnTokenClaims(claims: JsonObject): TxnTokenClaims {
  const [iat, exp] = [requiredSeconds(claims, "iat"), requiredSeconds(claims, "exp")];
  if (exp <= iat) throw new VerificationError("malformed", "exp must lie after iat");
  if (exp - iat > longestTxnToken)
    throw new VerificationError("too-long-lived", `it may live ${longestTxnToken} seconds at most`);
  const act = ownMember(claims, "act");
  const rctx = ownMember(claims, "rctx");
  return {
    iss: requiredText(claims, "iss"),
    aud: requiredText(claims, "aud"),
    iat,
    exp,
    txn: requiredText(claims, "txn"),
    sub: requiredText(claims, "sub"),
    scope: requiredText(claims, "scope"),
    req_wl: parseWorkloads(requiredText(claims, "req_wl")),
    ...(act === undefined ? {} : { act: parseAct(act) }),
    rev: parseRevocationKeys(required(claims, "rev")),
    tctx: parseTransaction(required(claims, "tctx")),
    ...(rctx === undefined ? {} : { rctx: parseRequest(rctx) }),
  };
}

function parseWorkloads(text: string): string {
  const workloads = text.split(" ");
  if (workloads.length > mostWorkloads)
    throw new VerificationError("malformed", `req_wl must be 1 to ${mostWorkloads} SPIFFE IDs`);
  for (const workload of workloads) parseSpiffeId(workload);
  return text;
}

function parseRevocationKeys(rev: Json): string[] {
  const isKey = (key: Json): key is string =>
    typeof key === "string" && key.length <= 2200 && REVOCATION_KEY.test(key);
  if (Array.isArray(rev) && rev.length > 0 && rev.length <= mostRevocationKeys && rev.every(isKey))
    return rev;
  throw new VerificationError(
    "malformed",
    `rev must be 1 to ${mostRevocationKeys} keys of the form kind:name`,
  );
}

function parseTransaction(tctx: Json): TransactionContext {
  const members = onlyKnown("tctx", tctx, ["resource", "tool", "args_hash", "side_effect", ...contextTexts]);
  const args_hash = requiredText(members, "args_hash");
  if (!SHA256.test(args_hash)) throw new VerificationError("malformed", "args_hash must be a SHA-256");
  const side_effect = ownMember(members, "side_effect");
  if (side_effect !== undefined && side_effect !== true)
    throw new VerificationError("malformed", "side_effect is true or absent");
  return {
    resource: requiredText(members, "resource"),
    tool: requiredText(members, "tool"),
    args_hash,
    ...(side_effect === true ? { side_effect } : {}),
    ...textsOf(members, contextTexts),
  };
}

function parseRequest(rctx: Json): RequestContext {
  const members = onlyKnown("rctx", rctx, ["auth_time", ...requestTexts]);
  return {
    ...(Object.hasOwn(members, "auth_time") ? { auth_time: requiredSeconds(members, "auth_time") } : {}),
    ...textsOf(members, requestTexts),
  };
}

function onlyKnown(name: string, value: Json, known: readonly string[]): JsonObject {
  if (!isJsonObject(value)) throw new VerificationError("malformed", `${name} must be an object`);
  const foreign = Object.keys(value).find((member) => !known.includes(member));
  if (foreign === undefined) return value;
  throw new VerificationError("malformed", `${name} holds something that is not known here`);
}

function textsOf<Name extends string>(
  members: JsonObject,
  names: readonly Name[],
): { [name in Name]?: string } {
  const texts: { [name in Name]?: string } = {};
  for (const name of names) {
    const text = optionalText(members, name);
    if (text !== undefined) texts[name] = text;
  }
  return texts;
}

function required(claims: JsonObject, name: string): Json {
  const value = ownMember(claims, name);
  if (value === undefined) throw new VerificationError("missing-claim", `${name} is missing`);
  return value;
}
