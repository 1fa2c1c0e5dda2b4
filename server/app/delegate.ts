import { describe } from "@countersign/proof/grant";
import { z } from "zod";
import { authorize, reserve, spend } from "../approvals/index.ts";
import { perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import {
  type Delegation,
  delegationTokenFor,
  type Extension,
  edgeAnswer,
  extend,
  leafOf,
  readExtension,
  seenTask,
  shapeEdge,
} from "../delegation/index.ts";
import { route } from "../http/index.ts";
import { type Allow, type Caller, seconds } from "../lib/index.ts";
import type { Question } from "../policy/index.ts";
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
    const edge = await perform(deps, caller, "delegation.extend", async (change) => {
      const extension = await readExtension(deps, caller, {
        ...request,
        expiresIn: expires_in === undefined ? undefined : seconds(expires_in),
      });
      const allow = await authorize<"delegate">(
        deps,
        change,
        caller,
        questionOf(deps, caller, extension, expires_in),
      );
      const edge = await extend(deps, change, caller, allow, extension);
      await useApproval(deps, change, caller, allow, edge);
      return edge;
    });
    const { token, type } = await delegationTokenFor(deps, caller, { edge: edge.id });
    return { status: 201, body: { ...shapeEdge(edge), delegation_token: token, token_type: type } };
  },
});

/** A yes to this delegation is for this delegation: taken and used up by the edge that it lets exist. */
async function useApproval(
  deps: ServerDeps,
  change: Change,
  caller: Caller,
  { approval }: Allow<"delegate">,
  { id, expires }: Delegation,
): Promise<void> {
  if (approval === undefined) return;
  reserve(deps, change, approval, { jti: id, expires });
  await spend(deps, change, caller, { approval, jti: id });
}

function questionOf(
  deps: ServerDeps,
  caller: Caller,
  extension: Extension,
  expiresIn: number | undefined,
): Question & { action: "delegate" } {
  const { chain, delegator, authority } = extension;
  return {
    action: "delegate",
    agent: delegator,
    person: chain.principal,
    ...(caller.instance === undefined ? {} : { instance: caller.instance }),
    strength: caller.strength,
    task: seenTask(chain.task),
    chain: { depth: chain.links.length, agents: chain.agents.map(({ name }) => name), hash: chain.hash },
    authority,
    resource: { location: deps.issuer, name: "countersign" },
    args: {},
    holder: leafOf(chain).edge,
    delegate: delegated(extension, expiresIn),
    now: deps.clock.now(),
  };
}

/** What a yes would be for. Lifetime and purpose are part of it: a yes to an hour is none to a week. */
const delegated = (
  { target, grants, depth, purpose }: Extension,
  expiresIn: number | undefined,
): NonNullable<Question["delegate"]> => ({
  to: target.name,
  toClass: target.class,
  grants: grants.map(describe),
  depth,
  expiresIn: expiresIn ?? null,
  purpose,
});
