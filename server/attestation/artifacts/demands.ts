import { type Agent, findAgent } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { isModelKnown } from "../models/store-models.ts";
import type { ImageDemand } from "./judge-image.ts";
import type { ConfigurationRequirement } from "./requirement.ts";
import { environmentRules, type ReadDemands, requirementOf, type Whose } from "./store-artifacts.ts";

/** `nothing`, `required` (any registered one), or the name of the one. */
export type ModelDemand = string;

/** All that is demanded of what somebody runs. */
export interface Demands {
  readonly images: ImageDemand;
  readonly models: ModelDemand;
  readonly configuration: readonly ConfigurationRequirement[];
  /** SHA-256 of what is declared, hexadecimal; absent where nothing is. */
  readonly declared?: string;
  /** Where it was read, for a change that must not commit once more is demanded. */
  readonly read: ReadDemands;
}

/**
 * What is declared for it, beneath that what its own record says, and beneath that what its environment's rule
 * demands of everybody.
 */
export async function demandsOn(deps: AttestationDeps, of: Whose): Promise<Demands> {
  const [required, rules, agent] = await Promise.all([
    requirementOf(deps.database, of),
    environmentRules(deps.database),
    of.kind === "agent" ? findAgent(deps, of.principal) : undefined,
  ]);
  const { images, model, configuration = [] } = required?.requirement ?? {};
  const rule = rules.find(({ environment }) => environment === agent?.environment);
  const least = rule?.model === true ? "required" : "nothing";
  return {
    images: images ?? (rule?.image === true ? "signed" : "nothing"),
    models: model ?? ((await isModelRecorded(deps, agent)) ? "required" : least),
    configuration,
    ...(required === undefined ? {} : { declared: required.digest }),
    read: { of, requirement: required?.revision ?? NEVER, rules: placeOf(rules) },
  };
}

/** In place of a revision, where nothing was ever declared. */
const NEVER = -1;

/** Rules are added and said anew, and never taken away: each of that moves this on. */
const placeOf = (rules: readonly { readonly revision: number }[]): number =>
  rules.reduce((sum, { revision }) => sum + revision + 1, 0);

/**
 * The model that an agent's record names is demanded where one is registered under that name: any is required
 * then, and `checkModel` takes no other than the recorded one.
 */
const isModelRecorded = async ({ database }: AttestationDeps, agent: Agent | undefined): Promise<boolean> =>
  agent?.model !== undefined && (await isModelKnown(database, agent.model));
