import { z } from "zod";
import { pageOf, pageQuery, route } from "../http/index.ts";
import { assertionResponse } from "../login/index.ts";
import { findPerson } from "../registry/index.ts";
import { answerRequest } from "./answer.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { allApprovals, approvalsFor, findApproval } from "./find.ts";
import { unsigned } from "./receipt.ts";
import { type ApprovalRequest, stateOf } from "./request.ts";
import { chainOfRequest, sentenceOf } from "./view.ts";

const stateName = z.enum(["pending", "approved", "reserved", "spent", "denied", "expired"]);
const policies = z.array(z.object({ id: z.string(), hash: z.string() }));

const item = z.object({
  id: z.string(),
  sentence: z.string(),
  agent: z.string().optional(),
  state: stateName,
  expires: z.int(),
});

export const approvalList = route<ApprovalsDeps>()({
  summary: "Requests that wait for an answer: with `mine`, those that the caller could give it to.",
  query: z.strictObject({ ...pageQuery, mine: z.enum(["", "true"]).optional() }),
  answers: { 200: pageOf(item) },
  async handle(deps, caller, { query: { mine, after, limit } }) {
    const list = mine === undefined ? allApprovals : approvalsFor;
    const { items, ...more } = await list(deps, caller, { after, limit });
    const body = { items: await Promise.all(items.map((request) => itemOf(deps, request))), ...more };
    return { status: 200, body };
  },
});

async function itemOf(deps: ApprovalsDeps, request: ApprovalRequest): Promise<z.output<typeof item>> {
  const { id, asked, expires } = request;
  const person = asked.person && (await findPerson(deps, asked.person));
  const sentence = sentenceOf(request, person || undefined);
  return { id, sentence, agent: asked.agent, state: stateOf(request, deps.clock.now()), expires };
}

const station = z.object({
  mark: z.enum(["person", "agent", "resource"]),
  name: z.string(),
  link: z.string().optional(),
});

/** What is signed, but for the decision. */
const unsignedReceipt = z.object({
  type: z.string(),
  request: z.string(),
  nonce: z.string(),
  requirement: z.string(),
  agent: z.string(),
  person: z.string(),
  task: z.string(),
  tool: z.string(),
  args_commitment: z.string(),
  forbids: policies,
  permits: policies,
  expires_at: z.int(),
});

export const approvalShow = route<ApprovalsDeps>()({
  summary: "One request, with the receipt that the caller would sign if the caller's answer counts.",
  params: z.strictObject({ id: z.string().max(64) }),
  answers: {
    200: z.object({
      id: z.string(),
      state: stateName,
      sentence: z.string(),
      chain: z.array(station),
      arguments: z.record(z.string(), z.unknown()),
      /** With the arguments it opens the receipt's `args_commitment`. */
      salt: z.string(),
      reasons: z.array(z.object({ policy: z.string(), reason: z.string(), requirement: z.string() })),
      expires: z.int(),
      receipt: unsignedReceipt.optional(),
    }),
  },
  async handle(deps, caller, { params }) {
    const { request, viewer, answerable } = await findApproval(deps, caller, params.id);
    const { asked, expires } = request;
    const person = (asked.person && (await findPerson(deps, asked.person))) || undefined;
    const body = {
      id: request.id,
      state: stateOf(request, deps.clock.now()),
      sentence: sentenceOf(request, person),
      chain: chainOfRequest(request, person),
      arguments: asked.args,
      salt: asked.salt,
      reasons: asked.lifts.map(({ id, reason, requirement }) => ({ policy: id, reason, requirement })),
      expires,
      ...(answerable === undefined ? {} : { receipt: unsigned(request, answerable, viewer.id) }),
    };
    return { status: 200, body };
  },
});

export const approvalAnswer = route<ApprovalsDeps>()({
  summary: "A person's signed yes or no to a request.",
  params: z.strictObject({ id: z.string().max(64) }),
  body: z.strictObject({ decision: z.enum(["approve", "deny"]), assertion: assertionResponse }),
  answers: {
    200: z.object({
      approval: z.string(),
      receipt: z.string(),
      state: z.enum(["pending", "approved", "denied"]),
    }),
  },
  async handle(deps, caller, { params, body }) {
    return { status: 200, body: await answerRequest(deps, caller, { approval: params.id, ...body }) };
  },
});
