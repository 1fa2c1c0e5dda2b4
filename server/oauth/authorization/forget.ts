import { Change, type DatabaseDeps } from "../../database/index.ts";
import { deletePast } from "../store-authorizations.ts";

/** Forgets requests and refresh tokens from which nothing can follow: housekeeping, every few minutes. */
export async function forgetPastAuthorizations(deps: DatabaseDeps): Promise<void> {
  const change = new Change(deps.database);
  deletePast(change, deps.clock.now());
  await deps.database.commit(change);
}
