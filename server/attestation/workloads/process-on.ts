import type { Change } from "../../database/index.ts";
import { Fault } from "../../lib/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import type { Host } from "../hosts/host.ts";
import { requireHost } from "../hosts/store-hosts.ts";
import { groundOf } from "./attested-process.ts";
import { processOfInstance } from "./store-processes.ts";

/**
 * The running copy of this SPIFFE ID, where this machine attests it: others are nothing that it may know of.
 * @returns its SPIFFE ID, and what it rests on
 * @throws Fault `forbidden`, reason `instance-of-another`
 */
export async function processOn(
  deps: AttestationDeps,
  change: Change,
  host: Host,
  attackerInstance: string,
): Promise<{ readonly instance: string; readonly rests: readonly string[] }> {
  const process = await processOfInstance(deps.database, attackerInstance);
  if (process === undefined || process.host !== host.id)
    throw new Fault("forbidden", "This machine attests no such running copy.", {
      remedy: "Attest the process first.",
      members: { reason: "instance-of-another" },
    });
  requireHost(change, host, deps.clock.now());
  return { instance: process.instance, rests: groundOf(process) };
}
