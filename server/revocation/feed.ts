import type { DatabaseDeps } from "../database/index.ts";
import { type Revoked, selectAfter, selectHead } from "./store.ts";

/** What was revoked after a place in the feed, in order, at most `limit`. */
export const feedAfter = ({ database }: DatabaseDeps, seq: number, limit: number): Promise<Revoked[]> =>
  selectAfter(database, seq, limit);

/** The place of the last revocation; 0 before the first. */
export const feedHead = ({ database }: DatabaseDeps): Promise<number> => selectHead(database);
