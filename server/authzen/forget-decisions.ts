import { Change, type DatabaseDeps } from "../database/index.ts";
import { DECISIONS_KEPT } from "../policy/index.ts";

import { deleteDecisions } from "./store.ts";

/** Forgets answers that are older than decisions are kept: housekeeping, to be run every hour. */
export async function forgetOldAnswers(deps: DatabaseDeps): Promise<void> {
  const change = new Change(deps.database);
  deleteDecisions(change, deps.clock.now() - DECISIONS_KEPT);
  await deps.database.commit(change);
}
