import { sha256Base64url } from "@countersign/proof/digest";
import { append, perform } from "../../audit/index.ts";
import { type Caller, Fault, type Id, newId, newSecret } from "../../lib/index.ts";
import { accepted, requireAdministrator, shortName } from "../../registry/index.ts";
import { clusterDefined, clusterRemoved } from "../artifacts/events-artifacts.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { clusterNamed, deleteCluster, insertCluster, replaceCluster } from "./store-clusters.ts";

/** A cluster whose API server may ask. What it proves itself by is kept as a hash. */
export interface Cluster {
  readonly id: Id<"cluster">;
  readonly name: string;
  readonly hash: string;
  readonly updated: number;
  readonly revision: number;
}

/** Marks the secret wherever it leaks to, so that secret scanners can be taught it. */
const MARK = "cs_admission_";

/** 256 bits of chance need no slow hash. */
export const hashOfAddress = (secret: string): string => sha256Base64url(secret);

/**
 * Lets a cluster's API server ask. Asked again it gets another address, and the one before is dead.
 * @returns the address for the webhook, with the secret in it: shown here and nowhere else
 * @throws Fault `forbidden`; `invalid`
 */
export function putCluster(
  deps: AttestationDeps,
  caller: Caller,
  { name: attackerName }: { name: string },
): Promise<{ name: string; url: string }> {
  return perform(deps, caller, "cluster.put", async (change) => {
    requireAdministrator(caller);
    const name = accepted("cluster", shortName, attackerName);
    const secret = `${MARK}${newSecret(deps)}`;
    const before = await clusterNamed(deps.database, name);
    const after: Cluster = {
      id: before?.id ?? newId(deps, "cluster"),
      name,
      hash: hashOfAddress(secret),
      updated: deps.clock.now(),
      revision: before === undefined ? 0 : before.revision + 1,
    };
    if (before === undefined) insertCluster(change, after);
    else replaceCluster(change, before, after);
    append(change, clusterDefined(deps, caller, {}, { id: after.id, name }));
    return { name, url: `${deps.issuer}/admission/kubernetes/${secret}` };
  });
}

/** @throws Fault `forbidden`; `not-found` */
export function removeCluster(
  deps: AttestationDeps,
  caller: Caller,
  { name }: { name: string },
): Promise<Cluster> {
  return perform(deps, caller, "cluster.remove", async (change) => {
    requireAdministrator(caller);
    const cluster = await clusterNamed(deps.database, name);
    if (cluster === undefined)
      throw new Fault("not-found", "There is no cluster of this name.", { remedy: "List the clusters." });
    deleteCluster(change, cluster);
    append(change, clusterRemoved(deps, caller, {}, { id: cluster.id, name }));
    return cluster;
  });
}
