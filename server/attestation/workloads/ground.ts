import type { DatabaseDeps } from "../../database/index.ts";
import { groundOf, groundOfVouched } from "./attested-process.ts";
import { processOfInstance, vouchedCopy } from "./store-processes.ts";

/**
 * What kills whatever a running copy is issued, besides its own end: the machine that attests it and the entry;
 * of one that a process vouches for, that process, what it rests on in turn, and the entry that
 * lets it vouch. Nothing for one that enrolled.
 * @param instance its SPIFFE ID
 */
export async function restsOf({ database }: DatabaseDeps, instance: string): Promise<string[]> {
  const process = await processOfInstance(database, instance);
  if (process !== undefined) return groundOf(process);
  const copy = await vouchedCopy(database, instance);
  if (copy === undefined) return [];
  const behind = await processOfInstance(database, copy.voucher);
  return [...groundOfVouched(copy), ...(behind === undefined ? [] : groundOf(behind))];
}
