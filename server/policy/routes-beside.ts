import { z } from "zod";
import { route } from "../http/index.ts";
import { Fault } from "../lib/index.ts";
import { startCanary, stopCanary } from "./canary.ts";
import { observedNow, startObserving, stopObserving } from "./observe.ts";
import type { PolicyDeps } from "./policy-deps.ts";
import { shadowReport, startShadow, stopShadow } from "./shadow.ts";
import { type Canary, heads, type Observing } from "./store.ts";
import {
  beside,
  count,
  difference,
  draft,
  fileList,
  onRecord,
  shapeBeside,
  version,
  whichOf,
} from "./wire.ts";

const report = beside.extend({
  /** How many decisions would have come out in which way. */
  totals: z.object({ unchanged: count, newly_refused: count, newly_allowed: count, newly_asked: count }),
  differences: z.array(
    z.object({
      difference,
      action: z.string(),
      agent: z.string(),
      active_policies: z.array(z.string()),
      shadow_policies: z.array(z.string()),
      decision: z.string(),
      count,
      first: z.int(),
      last: z.int(),
    }),
  ),
});

export const getShadow = route<PolicyDeps>()({
  summary: "The set that is asked beside the one that decides, and what it would have decided otherwise.",
  answers: { 200: report },
  async handle(deps) {
    const { shadow, totals, differences } = await shadowReport(deps);
    return {
      status: 200,
      body: {
        ...shapeBeside(shadow),
        totals: {
          unchanged: totals.unchanged ?? 0,
          newly_refused: totals["newly refused"] ?? 0,
          newly_allowed: totals["newly allowed"] ?? 0,
          newly_asked: totals["newly asked"] ?? 0,
        },
        differences: differences.map(({ active, would, example, shadow: _, key: __, ...row }) => ({
          ...row,
          active_policies: active,
          shadow_policies: would,
          decision: example,
        })),
      },
    };
  },
});

export const postShadow = route<PolicyDeps>()({
  summary: "Has a set asked beside the one that decides, without effect.",
  body: z.union([onRecord, draft]),
  answers: { 200: beside },
  async handle(deps, caller, { body }) {
    return { status: 200, body: shapeBeside(await startShadow(deps, caller, whichOf(body))) };
  },
});

export const deleteShadow = route<PolicyDeps>()({
  summary: "Ends the shadow.",
  answers: { 200: beside },
  async handle(deps, caller) {
    return { status: 200, body: shapeBeside(await stopShadow(deps, caller)) };
  },
});

const share = z.int().min(1).max(99).describe("Per cent of the tasks.");
const canary = beside.extend({ share });
const shapeCanary = (one: Canary) => ({ ...shapeBeside(one), share: one.share });

export const getCanary = route<PolicyDeps>()({
  summary: "The set that decides for a share of the tasks.",
  answers: { 200: canary },
  async handle(deps) {
    const { canary } = await heads(deps.database);
    if (canary === undefined) throw new Fault("not-found", "There is no canary.");
    return { status: 200, body: shapeCanary(canary) };
  },
});

export const postCanary = route<PolicyDeps>()({
  summary: "Has a set decide for a share of the tasks, until it is stopped or a set is activated.",
  body: z.union([z.strictObject({ version, share }), z.strictObject({ policies: fileList, share })]),
  answers: { 200: canary },
  async handle(deps, caller, { body }) {
    const started = await startCanary(deps, caller, { which: whichOf(body), share: body.share });
    return { status: 200, body: shapeCanary(started) };
  },
});

export const deleteCanary = route<PolicyDeps>()({
  summary: "Ends the canary: one set decides for all tasks again.",
  answers: { 200: canary },
  async handle(deps, caller) {
    return { status: 200, body: shapeCanary(await stopCanary(deps, caller)) };
  },
});

const observing = z.object({ until: z.int(), by: z.string(), at: z.int() });
const shapeObserving = ({ until, by, at }: Observing) => ({ until, by, at });

export const getObserving = route<PolicyDeps>()({
  summary: "Until when policies refuse nothing, where they are only observed.",
  answers: { 200: observing },
  async handle(deps) {
    const observed = await observedNow(deps);
    if (observed === undefined) throw new Fault("not-found", "Policies are not just observed: they refuse.");
    return { status: 200, body: shapeObserving(observed) };
  },
});

export const postObserving = route<PolicyDeps>()({
  summary: "Has policies refuse nothing until a time within 30 days. Everything is decided and recorded.",
  body: z.strictObject({ until: z.int().min(0).describe("Milliseconds since the epoch.") }),
  answers: { 200: observing },
  async handle(deps, caller, { body }) {
    return { status: 200, body: shapeObserving(await startObserving(deps, caller, body.until)) };
  },
});

export const deleteObserving = route<PolicyDeps>()({
  summary: "Has policies refuse again what they do not allow.",
  answers: { 204: "They do." },
  async handle(deps, caller) {
    await stopObserving(deps, caller);
    return { status: 204 };
  },
});
