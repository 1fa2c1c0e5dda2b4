import { append, perform } from "../audit/index.ts";
import { type Caller, Fault, type ServiceId } from "../lib/index.ts";
import { findService, requireActiveService } from "../registry/index.ts";
import { transactionReceived } from "./events.ts";
import type { OauthDeps } from "./oauth-deps.ts";
import { burnProof } from "./one-time-proof.ts";
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
    const { txn, req_wl, exp, tctx } = claims;
    await burnProof(deps, change, {
      key: `txn|${service.id}|${txn}`,
      expires: exp * 1000,
      refusal: "replayed",
    });
    const body = { txn, service: service.id, tool: tctx.tool, through: req_wl.split(" ") };
    append(change, transactionReceived(deps, caller, aboutTransaction(claims), body));
    return { txn };
  });
}
