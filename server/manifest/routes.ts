import { z } from "zod";
import { route } from "../http/index.ts";
import { applyManifest, planManifest } from "./apply.ts";
import { KINDS, type Kind } from "./document.ts";
import type { ManifestDeps } from "./manifest-deps.ts";

const plan = z.object({
  steps: z.array(
    z.object({
      kind: z.enum(KINDS as [Kind, ...Kind[]]),
      name: z.string(),
      action: z.enum(["create", "change", "unchanged", "remove"]),
      fields: z.array(z.string()),
    }),
  ),
});

const manifest = route<ManifestDeps>();

export const manifestPlan = manifest({
  summary: "Shows what applying a manifest would create, change and remove, and does nothing.",
  encoding: "yaml",
  body: z.string(),
  answers: { 200: plan },
  handle: async (deps, caller, { body }) => ({ status: 200, body: await planManifest(deps, caller, body) }),
});

export const manifestApply = manifest({
  summary: "Makes agents, what they use, policies and whose word is taken as a manifest declares them.",
  encoding: "yaml",
  body: z.string(),
  answers: { 200: plan },
  handle: async (deps, caller, { body }) => ({ status: 200, body: await applyManifest(deps, caller, body) }),
});
