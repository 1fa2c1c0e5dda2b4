import { type Json, JsonError, type JsonObject, parseStrict } from "@countersign/proof/jcs";
import { z } from "zod";
import { cutPage, holdsNul, pageOf, pageQuery, route } from "../../http/index.ts";
import { Fault } from "../../lib/index.ts";
import type { GateAnswer } from "../artifacts/judge-gate.ts";
import { type GateRequest, gateRequest, passGate } from "../artifacts/pass-gate.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { summaries } from "../summary/routes-summary.ts";
import { type SummaryDeps, summarize } from "../summary/summarize.ts";
import { admitPod } from "./admit.ts";
import { putCluster, removeCluster } from "./cluster.ts";
import { clustersAfter } from "./store-clusters.ts";

const reason = z.object({
  reason: z.string().describe("For programs: image-unsigned, model-changed, agent-without-owner, …"),
  message: z.string(),
  remedy: z.string().optional(),
  subject: z.string().optional(),
});

export const gateAsk = route<SummaryDeps>()({
  summary: "Answers whether an image and a model may be started as an agent, with every reason why not.",
  body: gateRequest,
  bodyLimit: 4 * 1024 * 1024,
  answers: {
    200: z.object({
      allowed: z.boolean(),
      reasons: z.array(reason),
      checks: z.array(z.record(z.string(), z.unknown())),
      summaries,
    }),
  },
  async handle(deps, caller, { body }) {
    const answer = await passGate(deps, caller, body);
    const { allowed, reasons, checks } = answer;
    return { status: 200, body: { allowed, reasons, checks, summaries: summariesOf(deps, body, answer) } };
  },
});

/** About what was asked, where that has a digest. */
function summariesOf(
  deps: SummaryDeps,
  { agent, image, model }: GateRequest,
  { allowed, checks }: GateAnswer,
): JsonObject[] {
  const digests = [image, model === undefined ? undefined : `sha256:${model.root}`].filter(
    (digest) => digest !== undefined,
  );
  if (digests.length === 0) return [];
  return summarize(deps, {
    resource: `${deps.issuer}/agents/${agent}`,
    at: deps.clock.now(),
    agent,
    checks,
    result: allowed ? "PASSED" : "FAILED",
    digests,
  });
}

/** Two copies of an object of the greatest size that a cluster stores. */
const REVIEW_LIMIT = 4 * 1024 * 1024;

export const kubernetesAdmission = route<AttestationDeps>()({
  summary: "Kubernetes: a validating admission webhook (AdmissionReview v1) that gives the gate's answer.",
  params: z.strictObject({ secret: z.string().max(200) }),
  query: z.strictObject({ timeout: z.string().max(20).optional().describe("Sent by every API server.") }),
  body: z.record(z.string(), z.unknown()),
  readBody: (text) => parsed(text) as Record<string, unknown>,
  bodyLimit: REVIEW_LIMIT,
  answers: { 200: z.record(z.string(), z.unknown()) },
  async handle(deps, caller, { params, body }) {
    const asked = { attackerSecret: params.secret, attackerReview: body as Json };
    return { status: 200, body: await admitPod(deps, caller, asked) };
  },
});

/** Newer clusters send members that we do not know; each stands once all the same. @throws Fault `malformed` */
function parsed(attackerText: string): Json {
  try {
    const review = parseStrict(attackerText);
    if (!attackerText.includes("\\u0000") || !holdsNul(review)) return review;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
  }
  throw new Fault("malformed", "The body is not JSON that can be read without doubt.", {
    remedy: "Send the AdmissionReview as the API server writes it.",
  });
}

const clusterItem = z.object({ name: z.string(), updated: z.int() });
const byName = z.strictObject({ name: z.string().max(200) });

export const clusterList = route<AttestationDeps>()({
  summary: "Lists the clusters whose API servers may ask.",
  query: z.strictObject(pageQuery),
  answers: { 200: pageOf(clusterItem) },
  async handle({ database }, _caller, { query: page }) {
    const rows = await clustersAfter(database, { ...page, limit: page.limit + 1 });
    const { items, next } = cutPage(rows, page.limit, ({ name }) => name);
    const shown = items.map(({ name, updated }) => ({ name, updated }));
    return { status: 200, body: { items: shown, ...(next === undefined ? {} : { next }) } };
  },
});

export const clusterPut = route<AttestationDeps>()({
  summary: "Gives a cluster's API server an address to ask at, shown once; an earlier one is dead.",
  params: byName,
  answers: { 200: z.object({ name: z.string(), url: z.string() }) },
  handle: async (deps, caller, { params }) => ({ status: 200, body: await putCluster(deps, caller, params) }),
});

export const clusterRemove = route<AttestationDeps>()({
  summary: "Lets a cluster's API server ask no more.",
  params: byName,
  answers: { 204: "It is removed." },
  async handle(deps, caller, { params }) {
    await removeCluster(deps, caller, params);
    return { status: 204 };
  },
});
