import { hours } from "../../../lib/index.ts";
import { factsAmong, type Preset, requireFacts } from "./preset.ts";

const NAMES = [
  "project_id",
  "namespace_id",
  "environment",
  "environment_protected",
  "deployment_tier",
  "ref",
  "ref_type",
  "ref_protected",
  "pipeline_source",
  "runner_environment",
  "runner_id",
  "user_id",
  "ci_config_ref_uri",
  "ci_config_sha",
  "project_path",
  "namespace_path",
  "sub",
] as const;

/** A job of GitLab CI, whose `id_tokens` ask for our audience. Paths are given again when they are free. */
export const gitlab: Preset = {
  longest: hours(1),
  most: hours(24),
  algorithms: ["RS256"],
  names: NAMES,
  pins: [["project_id", "namespace_id"]],
  // A child or a pipeline downstream does not say what began the first: that may have been an outsider's request.
  begunBy: { name: "pipeline_source", insiders: ["push", "schedule", "web", "webide", "api"] },
  read(claims) {
    const facts = factsAmong(claims, NAMES);
    requireFacts(facts, ["project_id", "namespace_id", "pipeline_source"]);
    const { job_id } = factsAmong(claims, ["job_id"]);
    return { facts, ...(job_id === undefined ? {} : { copy: job_id }) };
  },
};
