import type { AttestRequest } from "@countersign/host/upstream";
import type { ArtifactFindings } from "../artifacts/check.ts";
import { judgeArtifacts } from "../artifacts/judge-artifacts.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import type { Judged } from "./judge-workload.ts";

/** As hosts attest the manifest of the image that a process's container was made of. */
const IMAGE = /^container:image_digest:(sha256:[0-9a-f]{64})$/;

/**
 * Judges the image, the model and the files of a process by what is declared for its agent or service. Only what
 * the entry declares counts: a host may have measured more.
 * @throws Fault `forbidden` with the reason
 */
export function findingsOf(
  deps: AttestationDeps,
  { entry }: Pick<Judged, "entry">,
  { selectors, files, model }: AttestRequest,
): Promise<ArtifactFindings> {
  const image = selectors.flatMap((selector) => IMAGE.exec(selector)?.[1] ?? []).at(0);
  const declared = new Set(entry.files.map(({ path }) => path));
  return judgeArtifacts(deps, entry, {
    image,
    model: entry.model === undefined ? undefined : model,
    files: files.filter(({ path }) => declared.has(path)),
  });
}
