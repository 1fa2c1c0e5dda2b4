import { Change, type DatabaseDeps } from "../../database/index.ts";
import { days } from "../../lib/index.ts";
import { deleteProcesses } from "./store-processes.ts";

/** No SVID, and so no running copy that rests on one, lives for longer than an hour: a day is enough for all. */
const KEPT = days(1);

/**
 * Forgets processes whose latest SVID expired a day ago, and the copies within them: none of them can be renewed any
 * more. Their copies and evidence stay on record. To be run every hour or so, by any number of servers.
 */
export async function forgetProcesses({ database, clock }: DatabaseDeps): Promise<void> {
  const change = new Change(database);
  deleteProcesses(change, clock.now() - KEPT);
  await database.commit(change);
}
