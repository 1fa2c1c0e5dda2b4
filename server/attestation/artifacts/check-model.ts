import { findAgent } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { judgeModel, type ShownModel } from "../models/judge-model.ts";
import { isModelKnown } from "../models/store-models.ts";
import type { Check } from "./check.ts";
import type { ModelDemand } from "./demands.ts";
import { notAsDeclared } from "./refused.ts";
import type { Whose } from "./store-artifacts.ts";

/**
 * Judges the model by what is demanded, and by what is registered under its name: where nothing is demanded, a
 * name that nobody has registered is noted and carried as a fact. What the agent's own record names must agree.
 * @throws Fault `forbidden`: `model-required`, `model-not-declared`, and those of the registered models
 */
export async function checkModel(
  deps: AttestationDeps,
  of: Whose,
  demand: ModelDemand,
  model: ShownModel | undefined,
): Promise<readonly Check[]> {
  if (model === undefined) {
    if (demand === "nothing") return [];
    throw notAsDeclared(
      "model-required",
      "This must work with a model that is known, and none was measured.",
      "Name the model's path in its entry.",
    );
  }
  const subject = `sha256:${model.root}`;
  const recorded = of.kind === "agent" ? (await findAgent(deps, of.principal))?.model : undefined;
  const declared = demand === "required" || demand === "nothing" ? [recorded] : [recorded, demand];
  if (declared.some((name) => name !== undefined && name !== model.name)) {
    throw notAsDeclared(
      "model-not-declared",
      "This works with another model than declared.",
      "Run the declared model.",
      subject,
    );
  }
  if (demand === "nothing" && !(await isModelKnown(deps.database, model.name)))
    return [{ what: "model-noted", subject, result: "passed" }];
  return judgeModel(deps, model);
}
