import { findAgent } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
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

/** What is declared for it, and beneath that what its environment's rule demands of everybody. */
export async function demandsOn(deps: AttestationDeps, of: Whose): Promise<Demands> {
  const [required, rules] = await Promise.all([
    requirementOf(deps.database, of),
    environmentRules(deps.database),
  ]);
  const { images, model, configuration = [] } = required?.requirement ?? {};
  const rule = rules.length === 0 ? undefined : await ruleFor(deps, of, rules);
  return {
    images: images ?? (rule?.image === true ? "signed" : "nothing"),
    models: model ?? (rule?.model === true ? "required" : "nothing"),
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

async function ruleFor<Rule extends { readonly environment: string }>(
  deps: AttestationDeps,
  { kind, principal }: Whose,
  rules: readonly Rule[],
): Promise<Rule | undefined> {
  if (kind !== "agent") return undefined;
  const agent = await findAgent(deps, principal);
  return rules.find(({ environment }) => environment === agent?.environment);
}
