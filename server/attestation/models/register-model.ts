import type { JsonObject } from "@countersign/proof/jcs";
import {
  IGNORED,
  isIgnored,
  type ModelManifest,
  namesDigest,
  type SignedModel,
} from "@countersign/proof/model-signature";
import { z } from "zod";
import { append, perform } from "../../audit/index.ts";
import { type Caller, Fault, newId } from "../../lib/index.ts";
import { accepted, requireAdministrator, shortName } from "../../registry/index.ts";
import { openKeys } from "../../revocation/index.ts";
import { findSigners } from "../artifacts/find-signers.ts";
import { notAsDeclared } from "../artifacts/refused.ts";
import type { Signer } from "../artifacts/signer.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { modelRegistered } from "./events-models.ts";
import { digestOf, type ModelVersion, modelName } from "./model.ts";
import { insertVersion, type ListedVersion, replaceVersion, versionNamed } from "./store-models.ts";
import { verifyBySigner } from "./verify-by-signer.ts";

/** The signature file of a model, and whose signature it is to be. */
export const modelRegistration = z.strictObject({
  bundle: z.record(z.string(), z.json()).describe("The signature file (model.sig): an OMS bundle."),
  signer: shortName.describe("The signer of the purpose `model` who has signed it."),
});
export type ModelRegistration = z.input<typeof modelRegistration>;

/**
 * Lets the weights that a trusted signer has signed be run under a model's name. A name may have several versions
 * in use at a time. Registering what was retired brings it back, and the same bytes under other file names take the
 * place of those before.
 * @throws Fault `forbidden` whose member `reason` says what does not hold; `not-found` for a signer of another
 *   name or purpose; `invalid`
 */
export function registerModel(
  deps: AttestationDeps,
  caller: Caller,
  { name: attackerName, registration }: { readonly name: string; readonly registration: ModelRegistration },
): Promise<ListedVersion> {
  return perform(deps, caller, "model.register", async (change) => {
    requireAdministrator(caller);
    const name = accepted("model", modelName, attackerName);
    const { bundle, signer: signerName } = accepted("model", modelRegistration, registration);
    const signer = await signerOrRefuse(deps, signerName);
    const signed = await verifyBySigner(bundle as JsonObject, signer, deps.clock.now());
    requireMeasurable(signed.manifest);
    const { root } = signed.manifest;
    await openKeys(deps, [`model:${digestOf({ root })}`]);
    const before = await versionNamed(deps.database, name, root);
    const after = versionOf(deps, name, signed, signer, before);
    const { resources: _, ...listed } = after;
    if (before !== undefined && isSame(before, after)) return { ...listed, revision: before.revision };
    if (before === undefined) insertVersion(change, after);
    else replaceVersion(change, before, after);
    append(change, modelRegistered(deps, caller, {}, factsOf(after, signer)));
    return listed;
  });
}

async function signerOrRefuse(deps: AttestationDeps, name: string): Promise<Signer> {
  const signer = (await findSigners(deps, "model")).find((each) => each.name === name);
  if (signer !== undefined) return signer;
  throw new Fault("not-found", "No signer of this name is trusted for models.", {
    remedy: "Define it with the purpose `model`: PUT /attestation/signers/:name.",
  });
}

/** A host comes to the same root only where it measures by the same rules. @throws Fault `forbidden` */
function requireMeasurable({ serialization, resources }: ModelManifest): void {
  const { method, hashType, ignorePaths } = serialization;
  if (method !== "files" || hashType !== "sha256")
    throw notMeasurable("Sign whole files with SHA-256: `countersign model sign` does so.");
  const known = ignorePaths.every((path) => IGNORED.includes(path));
  if (!known || resources.some(({ name }) => isIgnored(name, IGNORED)))
    throw notMeasurable(`Sign the whole folder: hosts leave out ${IGNORED.join(", ")} and nothing else.`);
}

const notMeasurable = (remedy: string): Fault =>
  notAsDeclared("model-not-measurable", "Hosts cannot measure the model as it was signed.", remedy);

function versionOf(
  deps: AttestationDeps,
  name: string,
  { manifest: { root, resources }, expires }: SignedModel,
  signer: Signer,
  before: ListedVersion | undefined,
): ModelVersion {
  return {
    ...{ name, root, resources, signer: signer.id, fingerprint: signer.fingerprint, status: "active" },
    ...(expires === undefined ? {} : { expires }),
    id: before?.id ?? newId(deps, "model"),
    registered: before?.registered ?? deps.clock.now(),
    revision: before === undefined ? 0 : before.revision + 1,
  };
}

const isSame = (one: ModelVersion, other: ModelVersion): boolean =>
  namesDigest(one.resources) === namesDigest(other.resources) &&
  one.status === other.status &&
  one.signer === other.signer &&
  one.fingerprint === other.fingerprint &&
  one.expires === other.expires;

const factsOf = ({ id, name, root, resources, expires }: ModelVersion, signer: Signer) => ({
  ...{ id, name, root, signer: signer.name, files: resources.length },
  ...(expires === undefined ? {} : { expires }),
});
