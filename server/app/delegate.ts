import { z } from "zod";
import { passOn } from "../approvals/index.ts";
import { perform } from "../audit/index.ts";
import { delegationTokenFor, edgeAnswer, shapeEdge } from "../delegation/index.ts";
import { route } from "../http/index.ts";
import { seconds } from "../lib/index.ts";
import { grantList, principalName, printableText } from "../registry/index.ts";
import type { ServerDeps } from "./server-deps.ts";

/**
 * An agent passes part of its authority on: read, decided and recorded in one change. It stands here because
 * the decision is made above the room that knows what a delegation is.
 */
export const delegationsExtend = route<ServerDeps>()({
  summary: "Delegates part of what the calling agent holds to another agent; returns the ticket to hand on.",
  body: z.strictObject({
    edge: z.string().max(100).describe("The delegation that the caller holds."),
    to: principalName,
    grants: grantList.min(1, "A delegation without grants could do nothing."),
    expires_in: z
      .int()
      .min(1)
      .max(86_400)
      .optional()
      .describe("Seconds; never longer than what it hangs on."),
    purpose: printableText(500),
  }),
  answers: { 201: edgeAnswer.extend({ delegation_token: z.string(), token_type: z.string() }) },
  async handle(deps, caller, { body }) {
    const { expires_in, ...request } = body;
    const edge = await perform(deps, caller, "delegation.extend", (change) =>
      passOn(deps, change, caller, {
        ...request,
        expiresIn: expires_in === undefined ? undefined : seconds(expires_in),
      }),
    );
    const { token, type } = await delegationTokenFor(deps, caller, { edge: edge.id });
    return { status: 201, body: { ...shapeEdge(edge), delegation_token: token, token_type: type } };
  },
});
