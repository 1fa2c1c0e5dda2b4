import type { MeasuredFile, MeasuredModel } from "@countersign/host";
import { openKeys } from "../../revocation/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import type { ArtifactFindings, Check } from "./check.ts";
import { checkModel } from "./check-model.ts";
import { demandsOn } from "./demands.ts";
import { countedNow } from "./image-statement.ts";
import { configurationDigest, judgeConfiguration } from "./judge-configuration.ts";
import { type ImageDemand, judgeImage } from "./judge-image.ts";
import { statementsOf, type Whose } from "./store-artifacts.ts";
import { allSigners } from "./store-signers.ts";

/** What a host measured of one process. */
export interface Measured {
  /** The manifest's digest, `sha256:<hex>`. */
  readonly image?: string | undefined;
  readonly model?: MeasuredModel | undefined;
  readonly files: readonly MeasuredFile[];
}

/**
 * Judges what a running copy is made of by what is declared for its agent or service, and by what every agent of
 * its environment must show. What nobody declares is noted, carried as a fact, and not required.
 * @returns the digests to carry, and each thing that was checked
 * @throws Fault `forbidden` whose member `reason` says what is not as declared; `image-blocked`, `model-blocked`
 */
export async function judgeArtifacts(
  deps: AttestationDeps,
  of: Whose,
  measured: Measured,
): Promise<ArtifactFindings> {
  const { image, model, files } = measured;
  const { images, models, configuration, declared, read } = await demandsOn(deps, of);
  const root = model === undefined ? undefined : `sha256:${model.root}`;
  const digest = configurationDigest(files);
  await openKeys(deps, [
    ...(digest === undefined ? [] : ([`configuration:${digest}`] as const)),
    ...(image === undefined ? [] : ([`image:${image}`] as const)),
    ...(root === undefined ? [] : ([`model:${root}`] as const)),
  ]);
  return {
    demanded: read,
    ...(image === undefined ? {} : { image }),
    ...(root === undefined ? {} : { model: root }),
    ...(digest === undefined ? {} : { configuration: digest }),
    checks: [
      ...(await checkImage(deps, images, image)),
      ...(await checkModel(deps, of, models, model)),
      ...judgeConfiguration(configuration, files),
      ...(digest === undefined ? [] : [noted("configuration-noted", digest)]),
      ...(declared === undefined ? [] : [noted("artifacts-declared", `sha256:${declared}`)]),
    ],
  };
}

const noted = (what: string, subject: string): Check => ({ what, subject, result: "passed" });

/** Asks the store only where something hangs on it. */
export async function checkImage(
  deps: AttestationDeps,
  demand: ImageDemand,
  image: string | undefined,
): Promise<readonly Check[]> {
  if (demand === "nothing" || image === undefined) return judgeImage(demand, image, []);
  const [statements, signers] = await Promise.all([
    statementsOf(deps.database, image),
    allSigners(deps.database),
  ]);
  return judgeImage(demand, image, countedNow(statements, signers, deps.clock.now()));
}
