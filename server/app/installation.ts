import { readFileSync } from "node:fs";
import { z } from "zod";
import { route } from "../http/index.ts";
import { observedNow } from "../policy/index.ts";
import type { ServerDeps } from "./server-deps.ts";

/** The description is generated from the table (`tools/contracts.ts`) and pinned, so that it is read as it is. */
const pinned = new URL("../../api/openapi.json", import.meta.url);

export const openapiDocument = route<ServerDeps>()({
  summary: "This description.",
  answers: { 200: z.record(z.string(), z.unknown()) },
  handle: async () => ({ status: 200, contentType: "application/json", body: readFileSync(pinned, "utf8") }),
});

export const health = route<ServerDeps>()({
  summary: "Whether this server can answer: its store can be read.",
  answers: {
    200: z.object({
      status: z.literal("ok"),
      trust_domain: z.string(),
      observing: z
        .object({ until: z.int() })
        .optional()
        .describe("Set while policies are only observed, and refuse nothing."),
    }),
  },
  async handle(deps) {
    await deps.database
      .tables<{ migration: { name: string } }>()
      .selectFrom("migration")
      .select("name")
      .limit(1)
      .execute();
    const observed = await observedNow(deps);
    const observing = observed === undefined ? {} : { observing: { until: observed.until } };
    return { status: 200, body: { status: "ok", trust_domain: deps.trustDomain, ...observing } };
  },
});
