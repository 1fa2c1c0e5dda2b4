import { append, perform } from "../../audit/index.ts";
import { type Caller, Fault } from "../../lib/index.ts";
import { requireAdministrator } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { modelRetired } from "./events-models.ts";
import { listedVersionOrRefuse } from "./find-version.ts";
import { type ListedVersion, replaceVersion } from "./store-models.ts";

/**
 * Ends that these weights are run: whoever runs them gets nothing at the next renewal. What must end at once is
 * blocked (`countersign revoke model sha256:…`).
 * @throws Fault `forbidden`; `not-found`; `conflict` when it is retired already
 */
export function retireModel(
  deps: AttestationDeps,
  caller: Caller,
  { name, root }: { readonly name: string; readonly root: string },
): Promise<ListedVersion> {
  return perform(deps, caller, "model.retire", async (change) => {
    requireAdministrator(caller);
    const before = await listedVersionOrRefuse(deps, name, root);
    if (before.status === "retired") throw new Fault("conflict", "This version is retired already.");
    const after = { ...before, status: "retired", revision: before.revision + 1 } as const;
    replaceVersion(change, before, after);
    append(change, modelRetired(deps, caller, {}, { id: after.id, name, root, signer: after.signer }));
    return after;
  });
}
