import { z } from "zod";
import { cutPage, pageOf, pageQuery, route } from "../../http/index.ts";
import { Fault } from "../../lib/index.ts";
import { principalName } from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import type { Evidence } from "../evidence.ts";
import { evidenceAfter, evidenceWithId } from "../store-evidence.ts";
import { type SummaryDeps, summarize } from "./summarize.ts";

const evidenceAnswer = z.object({
  id: z.string(),
  subject: z.string().describe("SPIFFE ID of whoever was attested."),
  at: z.int(),
  shown: z.string().describe("Commitment to what was shown; the log holds the same."),
  checks: z.array(
    z.object({
      what: z.string(),
      subject: z.string(),
      by: z.string().optional(),
      level: z.int().optional(),
      statement: z.string().optional(),
      result: z.literal("passed"),
    }),
  ),
  concluded: z.string(),
});

/** Signed summaries, as answers hold them. */
export const summaries = z
  .array(z.record(z.string(), z.unknown()))
  .describe("Signed verification summaries (SLSA VSA), one for each digest.");

const byId = z.strictObject({ id: z.string().max(100) });

export const attestationList = route<AttestationDeps>()({
  summary: "Lists the evidence of attestations, of an agent's copies where wanted.",
  query: z.strictObject({ ...pageQuery, agent: principalName.optional() }),
  answers: { 200: pageOf(evidenceAnswer) },
  async handle(deps, _caller, { query: { agent, after, limit } }) {
    const under = `spiffe://${deps.trustDomain}/${agent === undefined ? "" : `agent/${agent}/`}`;
    const rows = await evidenceAfter(deps.database, { under, after, limit: limit + 1 });
    return { status: 200, body: cutPage(rows, limit, ({ subject, id }) => `${subject} ${id}`) };
  },
});

export const attestationShow = route<AttestationDeps>()({
  summary: "Shows one attestation: what was checked, and what was concluded.",
  params: byId,
  answers: { 200: evidenceAnswer },
  handle: async (deps, _caller, { params }) => ({
    status: 200,
    body: await evidenceOrRefuse(deps, params.id),
  }),
});

export const attestationSummary = route<SummaryDeps>()({
  summary:
    "Verification summaries (SLSA VSA) of one attestation, one for each digest, in signed envelopes (DSSE).",
  params: byId,
  answers: { 200: z.object({ summaries }) },
  async handle(deps, _caller, { params }) {
    const { subject: resource, at, checks } = await evidenceOrRefuse(deps, params.id);
    const about = { resource, at, checks, ...agentIn(resource) };
    return { status: 200, body: { summaries: summarize(deps, { ...about, result: "PASSED" }) } };
  },
});

export const summaryKeys = route<SummaryDeps>()({
  summary: "The public keys of verification summaries, retired ones included (RFC 7517).",
  answers: { 200: z.object({ keys: z.array(z.unknown()) }) },
  handle: async ({ keys }) => ({
    status: 200,
    headers: { "cache-control": "public, max-age=60" },
    body: keys.publicJwks("summary"),
  }),
});

function agentIn(spiffeId: string): { agent?: string } {
  const [, agent] = /^spiffe:\/\/[^/]+\/agent\/([a-z0-9-]+)\//.exec(spiffeId) ?? [];
  return agent === undefined ? {} : { agent };
}

async function evidenceOrRefuse({ database }: AttestationDeps, attackerId: string): Promise<Evidence> {
  const evidence = await evidenceWithId(database, attackerId);
  if (evidence !== undefined) return evidence;
  throw new Fault("not-found", "There is no attestation of this id.", { remedy: "List the attestations." });
}
