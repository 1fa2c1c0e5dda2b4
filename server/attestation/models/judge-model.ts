import type { MeasuredModel } from "@countersign/host";
import { namesDigest } from "@countersign/proof/model-signature";
import type { Fault } from "../../lib/index.ts";
import { openKeys } from "../../revocation/index.ts";
import type { Check } from "../artifacts/check.ts";
import { findSigners } from "../artifacts/find-signers.ts";
import { notAsDeclared } from "../artifacts/refused.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { digestOf, type ModelVersion, whoVouches } from "./model.ts";
import { isModelKnown, type ListedVersion, originsOf, versionNamed } from "./store-models.ts";

/** A model as a host measured it; its root alone, where whoever asks has nothing measured yet. */
export type ShownModel = MeasuredModel | (Pick<MeasuredModel, "name" | "root"> & { readonly names?: never });

/**
 * Judges what a host measured of a model: one of the versions registered under that name, still in use, signed
 * by somebody who is still trusted, and not blocked.
 * @returns what was checked: `model-signature`, and `model-origin` where a bill of materials is there
 * @throws Fault `forbidden` whose member `reason` is `model-unknown`, `model-changed`, `model-retired`,
 *   `model-untrusted` or `model-blocked`
 */
export async function judgeModel(
  deps: AttestationDeps,
  attackerModel: ShownModel,
): Promise<readonly Check[]> {
  const { name, root } = attackerModel;
  const subject = digestOf({ root });
  await openKeys(deps, [`model:${subject}`]);
  const version = (await versionNamed(deps.database, name, root)) ?? (await notAVersion(deps, name, subject));
  if (!hasItsNames(version, attackerModel)) throw changed(subject);
  if (version.status === "retired")
    throw notAsDeclared(
      "model-retired",
      "This version of the model is retired.",
      "Run a newer one.",
      subject,
    );
  const signers = await findSigners(deps, "model");
  const signer = whoVouches(version, "model", signers, deps.clock.now());
  if (signer === undefined) {
    throw notAsDeclared(
      "model-untrusted",
      "Whoever has signed this model is trusted no more, or her certificate has expired.",
      "Have it signed anew, and register it again.",
      subject,
    );
  }
  const checked: Check = { what: "model-signature", subject, by: signer.name, result: "passed" };
  return [checked, ...(await checkedOrigin(deps, version))];
}

/**
 * Whether its files are called as those that were signed: whoever loads them goes by their names. An old signature
 * over a single file calls it `.`; then its bytes say all.
 */
function hasItsNames({ resources }: ModelVersion, shown: ShownModel): boolean {
  if (shown.names === undefined) return true;
  if (shown.files !== resources.length) return false;
  return resources[0]?.name === "." || shown.names === namesDigest(resources);
}

const changed = (subject: string): Fault =>
  notAsDeclared(
    "model-changed",
    "These are not the weights of any registered version of the model, by their bytes and by their files' names.",
    "Run the weights that were signed, or register these.",
    subject,
  );

async function notAVersion({ database }: AttestationDeps, name: string, subject: string): Promise<never> {
  if (await isModelKnown(database, name)) throw changed(subject);
  throw notAsDeclared(
    "model-unknown",
    "No model is registered under this name.",
    "Register it: `countersign models register`.",
    subject,
  );
}

async function checkedOrigin(deps: AttestationDeps, { id, root }: ListedVersion): Promise<Check[]> {
  const [origin] = await originsOf(deps.database, [id]);
  if (origin === undefined) return [];
  const signer = whoVouches(origin, "bom", await findSigners(deps, "bom"), deps.clock.now());
  if (signer === undefined) return [];
  return [{ what: "model-origin", subject: digestOf({ root }), by: signer.name, result: "passed" }];
}
