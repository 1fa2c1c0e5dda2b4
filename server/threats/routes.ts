import { z } from "zod";
import { pageOf, pageQuery, route } from "../http/index.ts";
import { agentOrRefuse, listRisks } from "../registry/index.ts";
import { anomaliesIn, bandOf } from "./risk.ts";
import type { ThreatsDeps } from "./threats-deps.ts";

export const agentRisk = route<ThreatsDeps>()({
  summary: "How risky an agent's running copies were found to be, and what that is made of.",
  params: z.strictObject({ name: z.string().max(200) }),
  query: z.strictObject(pageQuery),
  answers: {
    200: pageOf(
      z.object({
        instance: z.string(),
        agent: z.string(),
        score: z.int().describe("0 to 100."),
        band: z.enum(["low", "raised", "high"]),
        anomalies: z.array(z.string()).describe("Parts that are strange, by name."),
        parts: z.record(z.string(), z.int()).describe("What the score is the sum of, at most 100."),
        at: z.int(),
      }),
    ),
  },
  async handle(deps, _caller, { params, query }) {
    const { name } = await agentOrRefuse(deps, params.name);
    const { items, ...more } = await listRisks(deps, name, query);
    return {
      status: 200,
      body: {
        items: items.map((risk) => ({
          ...risk,
          band: bandOf(risk.score),
          anomalies: anomaliesIn(risk.parts),
        })),
        ...more,
      },
    };
  },
});
