import type { Change } from "../../database/index.ts";
import type { Proven } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import type { Check } from "./check.ts";
import { demandsOn } from "./demands.ts";
import { checkImage } from "./judge-artifacts.ts";
import { notAsDeclared } from "./refused.ts";
import { requireDemands, type Whose } from "./store-artifacts.ts";

/**
 * Lets a running copy in that no host has measured, where nothing is demanded of it that only a host can say. A
 * key or another's word for who it is says nothing of what it is made of. Part of the caller's change, which
 * commits only while nothing more is demanded.
 * @param of the record as read for this change
 * @param shown the image of the process that it runs in, where a host has measured that
 * @returns what was checked of that image
 * @throws Fault `forbidden`: `image-required`, `model-required`, `configuration-missing`, and those of images
 */
export async function requireNothingDemanded(
  deps: AttestationDeps,
  change: Change,
  of: Proven["of"],
  { image }: { readonly image?: string | undefined } = {},
): Promise<readonly Check[]> {
  const demands = await demandsOn(deps, whoseOf(of));
  requireDemands(change, demands.read);
  const checks = await checkImage(deps, demands.images, image);
  if (demands.models !== "nothing") {
    throw notAsDeclared(
      "model-required",
      "This must work with a model that is known, and nothing has measured its model.",
      "Run it on a machine with a host, and name the model's path in its entry.",
    );
  }
  const [file] = demands.configuration;
  if (file === undefined) return checks;
  throw notAsDeclared(
    "configuration-missing",
    `The file ${file.path} (${file.role}) was not measured.`,
    "Run it on a machine with a host, and name the file in its entry.",
    file.path,
  );
}

const whoseOf = (of: Proven["of"]): Whose =>
  "agent" in of ? { kind: "agent", principal: of.agent.name } : { kind: "service", principal: of.service.id };
