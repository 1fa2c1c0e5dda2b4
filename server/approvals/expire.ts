import { append, perform } from "../audit/index.ts";
import { system } from "../lib/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { approvalExpired } from "./events.ts";
import { aboutAsked, TOLD_FOR } from "./request.ts";
import { forgetUntold, lapsedRequests, lapseRequest } from "./store.ts";

const MOST_AT_ONCE = 100;

/**
 * Writes down which requests time has ended. Nothing waits for it: a request past its time counts for
 * nothing whether or not this has run.
 * @returns how many were ended; call again while there are more
 */
export async function expireApprovals(deps: ApprovalsDeps): Promise<number> {
  return perform(deps, system, "approval.expire", async (change) => {
    const lapsed = await lapsedRequests(deps.database, deps.clock.now(), MOST_AT_ONCE);
    forgetUntold(change, deps.clock.now() - TOLD_FOR);
    for (const request of lapsed) {
      lapseRequest(change, request);
      const body = { approval: request.id, was: request.state };
      append(change, approvalExpired(deps, system, aboutAsked(request.asked), body));
    }
    return lapsed.length;
  });
}
