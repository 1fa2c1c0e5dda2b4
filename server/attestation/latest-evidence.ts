import type { DatabaseDeps } from "../database/index.ts";
import type { Id } from "../lib/index.ts";
import { evidenceNewest } from "./store-evidence.ts";

/** The evidence that was left by the latest attestation of a SPIFFE ID; nothing where there was none. */
export const latestEvidence = (
  { database }: DatabaseDeps,
  subject: string,
): Promise<Id<"evidence"> | undefined> => evidenceNewest(database, subject);
