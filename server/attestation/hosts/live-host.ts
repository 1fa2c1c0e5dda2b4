import type { DatabaseDeps } from "../../database/index.ts";
import { type Caller, Fault } from "../../lib/index.ts";
import { type Host, isLiveHost } from "./host.ts";
import { hostKnownAs } from "./store-hosts.ts";

/** The machine of this name, in whatever state it is, or nothing. */
export const findHost = (deps: DatabaseDeps, attackerName: string): Promise<Host | undefined> =>
  hostKnownAs(deps.database, "name", attackerName);

/** @throws Fault `not-found` */
export async function hostOrRefuse(deps: DatabaseDeps, attackerName: string): Promise<Host> {
  const host = await findHost(deps, attackerName);
  if (host !== undefined) return host;
  throw new Fault("not-found", "There is no machine of this name.", { remedy: "List the machines." });
}

/**
 * The machine that asks, if it may still attest.
 * @param caller of kind `host`
 * @throws Fault `forbidden`, reason `host-ended`
 */
export async function livingHost(deps: DatabaseDeps, { principal, kind }: Caller): Promise<Host> {
  const host = kind === "host" ? await findHost(deps, principal) : undefined;
  if (host !== undefined && isLiveHost(host, deps.clock.now())) return host;
  throw new Fault("forbidden", "This machine may attest no more.", {
    remedy: "Have it join again.",
    members: { reason: "host-ended" },
  });
}
