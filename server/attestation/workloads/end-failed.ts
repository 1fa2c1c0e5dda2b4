import type { AttestRequest } from "@countersign/host/upstream";
import { type Caller, Fault, isFailure } from "../../lib/index.ts";
import { endProven, findInstance } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { RefusedLoudly, reasonOf } from "../attesting.ts";
import { findHost } from "../hosts/live-host.ts";
import { processOfInstance } from "./store-processes.ts";

/** Refusals that say nothing against the running copy: the request was wrong, or somebody may be asked again. */
const ABOUT_THE_REQUEST = new Set([
  "key-not-proven",
  "key-of-another",
  "entry-not-for-host",
  "instance-of-another",
  "instance-ended",
  "host-ended",
  "forbidden",
  "not-found",
  "exists",
  "gone",
]);

/**
 * Judges a process; where that fails because it is not any more as it was attested, the running copy that its host
 * wanted renewed ends with the refusal. What it holds is dead in the same change.
 */
export async function endingWhatFailed<T>(
  deps: AttestationDeps,
  caller: Caller,
  request: AttestRequest,
  judge: () => Promise<T>,
): Promise<T> {
  try {
    return await judge();
  } catch (error) {
    if (!(error instanceof Fault) || isFailure(error.code)) throw error;
    if (request.instance === undefined || ABOUT_THE_REQUEST.has(reasonOf(error))) throw error;
    throw (await withItsEnd(deps, caller, request.instance, error)) ?? error;
  }
}

/** Only a copy that this very host attested, since it joined. */
async function withItsEnd(
  deps: AttestationDeps,
  caller: Caller,
  attackerInstance: string,
  fault: Fault,
): Promise<RefusedLoudly | undefined> {
  const process = await processOfInstance(deps.database, attackerInstance);
  const host = await findHost(deps, caller.principal);
  const instance = await findInstance(deps, attackerInstance);
  if (process === undefined || process.host !== host?.id || instance?.status !== "active") return undefined;
  return new RefusedLoudly(fault, (change) =>
    endProven(deps, change, caller, instance, { why: "not as it was attested" }),
  );
}
