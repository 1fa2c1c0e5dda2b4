import { Fault } from "../../lib/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import type { ModelVersion } from "./model.ts";
import { type ListedVersion, listedVersion, versionNamed } from "./store-models.ts";

type Deps = Pick<AttestationDeps, "database">;

/** A version with all its files. @param attackerRoot lower-case hex @throws Fault `not-found` */
export const versionOrRefuse = async (
  { database }: Deps,
  attackerName: string,
  attackerRoot: string,
): Promise<ModelVersion> => (await versionNamed(database, attackerName, attackerRoot)) ?? noSuchVersion();

/** The same without its files. @throws Fault `not-found` */
export const listedVersionOrRefuse = async (
  { database }: Deps,
  attackerName: string,
  attackerRoot: string,
): Promise<ListedVersion> => (await listedVersion(database, attackerName, attackerRoot)) ?? noSuchVersion();

function noSuchVersion(): never {
  throw new Fault("not-found", "There is no such version of a model of this name.", {
    remedy: "List the models: `countersign models list`.",
  });
}
