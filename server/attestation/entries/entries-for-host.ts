import { isCovered } from "@countersign/host/selector";
import type { EntryList } from "@countersign/host/upstream";
import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import type { ServiceId } from "../../lib/index.ts";
import { findAgent, findService, requireEnrollable } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import type { Host } from "../hosts/host.ts";
import { type Entry, entryForHosts } from "./entry.ts";
import { allEntries } from "./store-entries.ts";

/**
 * The entries that are for this machine, of agents and services that may have processes now: what is suspended,
 * dormant or over is not among them, and comes back when its owner says so.
 */
export async function entriesForHost(
  deps: AttestationDeps,
  host: Pick<Host, "selectors">,
): Promise<EntryList> {
  const mine = (await allEntries(deps.database)).filter(({ hosts }) => isCovered(hosts, host.selectors));
  const open = new Map<string, boolean>();
  for (const entry of mine)
    if (!open.has(entry.principal)) open.set(entry.principal, await mayRun(deps, entry));
  const entries = mine.filter(({ principal }) => open.get(principal)).map(entryForHosts);
  return { revision: sha256Base64url(canonicalize(entries as unknown as Json)), entries };
}

async function mayRun(deps: AttestationDeps, { kind, principal }: Entry): Promise<boolean> {
  if (kind === "service") return (await findService(deps, principal as ServiceId))?.status === "active";
  const agent = await findAgent(deps, principal);
  if (agent === undefined) return false;
  try {
    requireEnrollable(agent, deps.clock.now());
    return true;
  } catch {
    return false;
  }
}
