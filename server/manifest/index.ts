/**
 * Declared things in YAML, such as teams, servers, tools, agents, policies, and whose word is taken: planned first
 * and then applied through the rooms that keep them. What is not declared is left alone; the same manifest twice is nothing.
 */
export { applyManifest, type Changing, changesBy, type Plan, planManifest } from "./apply.ts";
export { manifestEvents } from "./events.ts";
export type { ManifestDeps } from "./manifest-deps.ts";
export { parseManifest } from "./parse.ts";
export type { Step } from "./plan.ts";
export { manifestApply, manifestPlan } from "./routes.ts";
