import type { AccessTokenClaims } from "@countersign/proof/token";
import { latestEvidence } from "../attestation/index.ts";
import type { Strength } from "../lib/index.ts";
import type { Instance } from "../registry/index.ts";
import type { OauthDeps } from "./oauth-deps.ts";

/** Who comes otherwise has shown nothing that was kept. */
const ATTESTED: ReadonlySet<Strength> = new Set([
  "hardware-bound",
  "attested-svid",
  "platform-federated",
  "in-process",
]);

/** What attestation found a running copy to be made of, and by which evidence, as its tokens tell it. */
export async function evidenceClaims(
  deps: OauthDeps,
  { id, strength, image, model }: Instance,
): Promise<Pick<AccessTokenClaims, "image_digest" | "model_digest" | "evidence">> {
  const evidence = ATTESTED.has(strength) ? await latestEvidence(deps, id) : undefined;
  return {
    ...(image === undefined ? {} : { image_digest: image }),
    ...(model === undefined ? {} : { model_digest: model }),
    ...(evidence === undefined ? {} : { evidence }),
  };
}
