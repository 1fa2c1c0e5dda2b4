import type { DatabaseDeps } from "../../database/index.ts";
import { groundOf } from "./attested-process.ts";
import { processOfInstance, voucherOf } from "./store-processes.ts";

/**
 * What kills whatever a running copy is issued, besides its own end: the machine that attests it and the entry;
 * of one that a process vouches for, that process, and what it rests on in turn. Nothing for one that enrolled.
 * @param instance its SPIFFE ID
 */
export async function restsOf({ database }: DatabaseDeps, instance: string): Promise<string[]> {
  const process = await processOfInstance(database, instance);
  if (process !== undefined) return groundOf(process);
  const voucher = await voucherOf(database, instance);
  if (voucher === undefined) return [];
  const behind = await processOfInstance(database, voucher);
  return [`instance:${voucher}`, ...(behind === undefined ? [] : groundOf(behind))];
}
