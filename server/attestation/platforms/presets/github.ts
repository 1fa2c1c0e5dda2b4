import { minutes } from "../../../lib/index.ts";
import { factsAmong, type Preset, requireFacts } from "./preset.ts";

const NAMES = [
  "repository_id",
  "repository_owner_id",
  "enterprise_id",
  "environment",
  "job_workflow_ref",
  "job_workflow_sha",
  "workflow_ref",
  "workflow_sha",
  "runner_environment",
  "ref",
  "ref_type",
  "event_name",
  "repository_visibility",
  "actor_id",
  "repository",
  "repository_owner",
  "sub",
] as const;

/**
 * A job of GitHub Actions. Any repository in the world gets such tokens, for whatever audience it asks: only ids
 * say whose it is. `sub` is a text that owners shape as they like, and that changed its form for new repositories.
 * @see GitHub docs, OpenID Connect reference
 */
export const github: Preset = {
  longest: minutes(15),
  most: minutes(60),
  algorithms: ["RS256"],
  names: NAMES,
  pins: [["repository_id", "repository_owner_id"]],
  begunBy: {
    name: "event_name",
    insiders: ["push", "schedule", "workflow_dispatch", "repository_dispatch", "release", "deployment"],
  },
  read(claims) {
    const facts = factsAmong(claims, NAMES);
    requireFacts(facts, ["repository_id", "repository_owner_id", "event_name"]);
    const { run_id, run_attempt, check_run_id } = factsAmong(claims, [
      "run_id",
      "run_attempt",
      "check_run_id",
    ]);
    const job = [run_id, run_attempt, check_run_id];
    return { facts, ...(job.includes(undefined) ? {} : { copy: job.join("/") }) };
  },
};
