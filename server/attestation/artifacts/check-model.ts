import type { MeasuredModel } from "@countersign/host";
import type { AttestationDeps } from "../attestation-deps.ts";
import type { Check } from "./check.ts";
import type { ModelDemand } from "./demands.ts";
import { notAsDeclared } from "./refused.ts";

/**
 * Judges the model by what is demanded.
 * @throws Fault `forbidden`: `model-required`, `model-not-declared`, and those of the registered models
 */
export async function checkModel(
  _deps: AttestationDeps,
  demand: ModelDemand,
  model: MeasuredModel | undefined,
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
  if (demand === "nothing") return [{ what: "model-noted", subject, result: "passed" }];
  if (demand !== "required" && demand !== model.name) {
    throw notAsDeclared(
      "model-not-declared",
      "This works with another model than declared.",
      "Run the declared model.",
      subject,
    );
  }
  throw notAsDeclared("model-required", "No models are registered.", "Register the model.", subject);
}
