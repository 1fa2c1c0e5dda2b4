import { z } from "zod";
import { route } from "../http/index.ts";
import { printableText } from "../registry/index.ts";
import { ENDED, endAll, LIFTABLE, liftAll } from "./cascade.ts";
import type { OauthDeps } from "./oauth-deps.ts";

const id = z.string().min(1).max(2_048).describe("As it is on record: an id, a name, a digest, a SPIFFE ID.");
const reason = printableText(500).optional().describe("Kept out of the log, which is bound to it.");

export const revocationOrder = route<OauthDeps>()({
  summary: "Ends something and everything that rests on it, at once and by one key.",
  body: z.strictObject({
    kind: z.enum(ENDED),
    id,
    up_to: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe("For an edge: end the one of this id above it instead, or the person's own for `root`."),
    reason,
  }),
  answers: {
    200: z.object({
      kind: z.enum(ENDED),
      id: z.string(),
      hit: z.string().describe("What has ended, in a sentence."),
      liftable: z.boolean(),
    }),
  },
  async handle(deps, caller, { body: { kind, id: attackerId, up_to: attackerUpTo, reason } }) {
    return { status: 200, body: await endAll(deps, caller, { kind, attackerId, attackerUpTo, reason }) };
  },
});

export const revocationLift = route<OauthDeps>()({
  summary: "Opens again what was ended and can be; what was given before stays dead.",
  body: z.strictObject({ kind: z.enum(LIFTABLE), id, reason }),
  answers: { 200: z.object({ kind: z.enum(LIFTABLE), id: z.string() }) },
  async handle(deps, caller, { body: { kind, id: attackerId, reason } }) {
    return { status: 200, body: await liftAll(deps, caller, { kind, attackerId, reason }) };
  },
});
