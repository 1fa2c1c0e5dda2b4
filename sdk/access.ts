import { type Grant, permits } from "@countersign/proof/grant";
import { type AccessTokenClaims, humanPrincipal, satisfiesAcr } from "@countersign/proof/token";
import { CountersignError, Unreachable } from "./errors.ts";
import { challenging, type Protection, requireLiving, type ToolCall } from "./protection.ts";
import { RequestRefused } from "./refusal.ts";
import type { Runtime } from "./runtime.ts";
import type { RequestContext } from "./transactions.ts";
import type { Use, Uses } from "./uses.ts";

/** A request that has proven itself, by whatever it has shown: who acts, for whom, and the one call that it may make. */
export interface Proven {
  /** What it has shown. */
  readonly by: "token" | "warrant";
  /** The person for whom it is done; absent when the agent acts on its own. */
  readonly human_principal: string | undefined;
  /** The agent that acts. */
  readonly agent: string | undefined;
  /** The task that it serves; absent when the agent acts outside of any. */
  readonly task: string | undefined;
  /** The name of the chain from the one to the other. */
  readonly chain_hash: string | undefined;
  /** Headers for the answer: the nonce for the sender's next proof, where nonces are demanded here. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the token's grants let a call pass; for showing only what may be used. */
  permits(call: ToolCall): boolean;
  /**
   * Makes the call that the sender has proven: judges it by the grants, records it, spends what can be spent
   * only so often, and runs it. What was recorded as called is recorded as returned or failed.
   *
   * @param execute is handed what it may need while it runs
   * @throws RequestRefused when it must not run; CountersignError when it is run twice; whatever `execute` throws
   */
  run<T>(execute: (running: Running) => Promise<T>): Promise<T>;
}

/** A request with an access token. */
export interface Access extends Proven {
  readonly by: "token";
  readonly claims: AccessTokenClaims;
}

/** A call while it runs. */
export interface Running {
  /**
   * A token for this call and no other, for the header `Txn-Token` of requests to services behind this one.
   *
   * @throws Refused, Unreachable
   */
  transaction(context?: RequestContext): Promise<string>;
}

/** What a request has proven itself by. */
export interface Verified {
  readonly token: string;
  readonly claims: AccessTokenClaims;
  /** What names its proof of possession among all, hashed; none where the connection is the proof. */
  readonly proof: string | undefined;
}

/** @param call the call that the sender's proof of possession covers */
export function accessOf(protection: Protection, { token, claims, proof }: Verified, call: ToolCall): Access {
  const { feed, uses, resource, runtime } = protection;
  return {
    by: "token",
    claims,
    human_principal: humanPrincipal(claims.sub),
    agent: claims.agent,
    task: claims.task,
    chain_hash: claims.chain_hash,
    headers: answerHeaders(protection),
    permits: (other) => permittingGrant(claims, resource, other) !== undefined,
    run: onlyOnce(protection, runOnce),
  };

  async function runOnce<T>(execute: (running: Running) => Promise<T>): Promise<T> {
    const grant = grantFor(protection, claims, call);
    const use = { jti: claims.jti, ...call, proof };
    const asked = protection.askFirst === true || claims.approval !== undefined || claims.per_call === true;
    const counted = asked || isCounted(grant);
    await uses.begin(use, { counted });
    return runRecorded(use, uses, () => {
      // Recording took time, in which it may have expired, or what it rests on may have died.
      requireUnexpired(claims, runtime);
      requireLiving(feed, claims.rev);
      return execute({ transaction });
    });
  }

  async function transaction(context?: RequestContext): Promise<string> {
    if (protection.transactions === undefined) throw new CountersignError("no transactions are begun here");
    // Only what stands on record as under way can be gone on with.
    await within(patienceMilliseconds, uses.settled());
    return protection.transactions.begin(token, call, context);
  }
}

/** The nonce for the sender's next proof, where nonces are demanded here. */
export const answerHeaders = ({ nonces }: Pick<Protection, "nonces">): Record<string, string> =>
  nonces === undefined ? {} : { "dpop-nonce": nonces.newest() };

/** One proof is one call. @throws CountersignError when it is run twice */
export function onlyOnce(protection: Protection, run: Proven["run"]): Proven["run"] {
  let ran = false;
  return async (execute) => {
    if (ran) throw new CountersignError("a request is run once; its proof counts for one call");
    ran = true;
    return challenging(protection, () => run(execute));
  };
}

/** How long a call waits to be on record. */
const patienceMilliseconds = 10_000;

function within(milliseconds: number, step: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Unreachable("the call could not be recorded in time"));
    const timer = setTimeout(late, milliseconds);
    void step.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function grantFor({ resource, uses }: Protection, claims: AccessTokenClaims, call: ToolCall): Grant {
  try {
    return requireGrant(claims, resource, call);
  } catch (refusal) {
    if (refusal instanceof RequestRefused)
      uses.refused({ resource, tool: call.tool, refusal, jti: claims.jti });
    throw refusal;
  }
}

/** Runs what is on record as called, and records how it ended. */
export async function runRecorded<T>(use: Use, uses: Uses, execute: () => Promise<T>): Promise<T> {
  try {
    const result = await execute();
    uses.end(use, "returned");
    return result;
  } catch (cause) {
    uses.end(use, "failed");
    throw cause;
  }
}

function requireUnexpired({ exp }: AccessTokenClaims, runtime: Runtime): void {
  if (runtime.now() >= exp * 1000)
    throw new RequestRefused("invalid_token", "The access token has expired; ask for a new one.");
}

function requireGrant(claims: AccessTokenClaims, resource: string, call: ToolCall): Grant {
  const grant = permittingGrant(claims, resource, call);
  if (grant !== undefined) return grant;
  const stronger = claims.authorization_details.filter((one) => permits(one, callAt(resource, call)));
  if (stronger.length > 0) throw unproven(stronger);
  const names = claims.authorization_details.some(({ identifier }) => identifier === call.tool);
  throw new RequestRefused(
    "insufficient_scope",
    names
      ? "The access token does not grant these arguments; ask for a token that does."
      : "The access token does not grant this tool; ask for a token that does.",
  );
}

/** A tool call at this resource, as grants speak of it. */
export const callAt = (location: string, { tool: identifier, args }: ToolCall) => ({
  type: "agent_tool",
  location,
  action: "tools/call",
  identifier,
  args,
});

/** What would let the call pass asks that the person proves herself in a way that she has not. */
const unproven = (grants: readonly Grant[]): RequestRefused =>
  new RequestRefused("insufficient_user_authentication", "The person must prove herself in a stronger way.", {
    wanted: { acr_values: grants.flatMap(({ acr }) => acr ?? []) },
  });

/** The grant that lets a call pass; one without a count rather than one with. */
function permittingGrant(
  { authorization_details: grants, acr }: AccessTokenClaims,
  resource: string,
  { tool, args }: ToolCall,
): Grant | undefined {
  const call = callAt(resource, { tool, args });
  // A grant that asks how the person proved herself permits nothing where the issuer does not say that she did.
  const proven = (grant: Grant): boolean => grant.acr === undefined || satisfiesAcr(acr, grant.acr);
  const permitting = grants.filter((grant) => permits(grant, call) && proven(grant));
  return permitting.find((grant) => !isCounted(grant)) ?? permitting[0];
}

const isCounted = (grant: Grant): boolean => grant.max_uses !== undefined || grant.approval !== undefined;
