import { append } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, type Id } from "../lib/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { approvalSpent } from "./events.ts";
import { aboutAsked } from "./request.ts";
import { requestById, spendRow } from "./store.ts";

/**
 * Adds to the change that records the use of a token: its approval is used up, once.
 * @throws Fault `gone` when this token does not hold the approval, or it was used before
 */
export async function spend(
  deps: ApprovalsDeps,
  change: Change,
  caller: Caller,
  { approval, jti }: { readonly approval: Id<"approval">; readonly jti: string },
): Promise<void> {
  const request = await requestById(deps.database, approval);
  if (request === undefined) throw new Fault("gone", "This approval is not there to be used.");
  spendRow(change, approval, jti, deps.clock.now(), "gone");
  append(change, approvalSpent(deps, caller, aboutAsked(request.asked), { approval, jti }));
}
