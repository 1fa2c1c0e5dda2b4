import { Fault } from "../../lib/index.ts";
import type { MachineTrust, MachineType } from "./machine-trust.ts";
import type { PlatformDeps } from "./platform-deps.ts";
import { unsealed } from "./secrets.ts";
import { allTrustKept, type KeptTrust, trustKept } from "./store-machines.ts";

/** By whose word machines of this kind join, secrets included; nothing where nobody has said. */
export async function findMachineTrust(
  deps: PlatformDeps,
  type: MachineType,
): Promise<{ trust: MachineTrust; revision: number } | undefined> {
  const kept = await trustKept(deps.database, type);
  return (
    kept && { trust: unsealed(deps, placeOf(type), kept.definition, kept.sealed), revision: kept.revision }
  );
}

/** As `findMachineTrust`, as it may be shown. @throws Fault `not-found` */
export async function shownMachineTrust(deps: PlatformDeps, type: MachineType): Promise<KeptTrust> {
  const kept = await trustKept(deps.database, type);
  if (kept !== undefined) return kept;
  throw new Fault("not-found", "Nothing is said about this kind of evidence.", {
    remedy: "List what is, or say whose word is taken.",
  });
}

export const listMachineTrust = (deps: PlatformDeps): Promise<KeptTrust[]> => allTrustKept(deps.database);

/** What sealed secrets belong to. */
export const placeOf = (type: MachineType): string => `machine-trust ${type}`;
