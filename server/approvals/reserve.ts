import type { Change } from "../database/index.ts";
import type { Id } from "../lib/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { reserveRow } from "./store.ts";

/**
 * Adds to the change that issues a token: the token takes the approval. While it holds it no other can; if
 * it expires unused, the approval is free again for what is left of its own time. The event that issues the
 * token records it. Where the approval is taken meanwhile, the verb decides again.
 * @param by the token's id, and its expiry in milliseconds since the epoch
 */
export function reserve(
  deps: ApprovalsDeps,
  change: Change,
  approval: Id<"approval">,
  by: { readonly jti: string; readonly expires: number },
): void {
  reserveRow(change, approval, by, deps.clock.now());
}
