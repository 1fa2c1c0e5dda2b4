import { append, perform } from "../audit/index.ts";
import { type Caller, Fault, type ServiceId } from "../lib/index.ts";
import { findService, requireActiveService } from "../registry/index.ts";
import { transactionReceived } from "./events-transactions.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { burnProof } from "./one-time-proof.ts";
import { tokenEndOfCall } from "./store-uses.ts";
import { aboutTransaction, livingTransaction } from "./transaction.ts";

/**
 * A service spends a transaction before it changes anything for it: once, whatever way it came and whoever asked
 * for its token, on all copies of the service together. A transaction is one call, so there is nothing else to be
 * served. That it is for the very call that came the service has found by itself.
 * @throws Fault `invalid-request` for one that does not hold, `gone` when it has ended, `replayed` when it was
 *   spent, `forbidden` for callers that are no service
 */
export function receiveTransaction(
  deps: OauthDeps,
  caller: Caller,
  { attackerToken }: { attackerToken: string },
): Promise<{ txn: string }> {
  return perform(deps, caller, "transaction.receive", async (change) => {
    const service =
      caller.kind === "service" ? await findService(deps, caller.principal as ServiceId) : undefined;
    if (service === undefined) throw new Fault("forbidden", "Services receive transactions, nobody else.");
    requireActiveService(change, service);
    const claims = await livingTransaction(deps, change, attackerToken);
    const { txn, req_wl, tctx } = claims;
    const key = `txn|${service.id}|${txn}`;
    await burnProof(deps, change, { key, expires: await lastEnd(deps, txn), refusal: "replayed" });
    const body = { txn, service: service.id, tool: tctx.tool, through: req_wl.split(" ") };
    append(change, transactionReceived(deps, caller, aboutTransaction(claims), body));
    return { txn };
  });
}

/**
 * When the last token for this transaction has expired, whichever of them spends it: its service is given more of
 * them while it serves the call, and all end with the access token that the call came with. A transaction is known by its call's name.
 */
async function lastEnd(deps: OauthDeps, txn: string): Promise<number> {
  const expires = await tokenEndOfCall(deps.database, txn);
  if (expires !== undefined) return expires;
  throw new Fault("invalid-request", "The transaction is of no call on record.", {
    remedy: "Refuse what belongs to it.",
    record: { txn },
  });
}
