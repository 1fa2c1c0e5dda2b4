import { z } from "zod";
import { pageOf, pageQuery, route } from "../http/index.ts";
import { type AgentName, isId, type PersonId, seconds } from "../lib/index.ts";
import { assertionResponse } from "../login/index.ts";
import { grantList, personId, principalName, printableText, shortName } from "../registry/index.ts";
import { closeTask } from "./close-task.ts";
import { awaitedConsents, consentFor } from "./consent-for.ts";
import type { DelegationDeps } from "./delegation-deps.ts";
import { delegationTokenFor } from "./delegation-ticket.ts";
import { endDelegation } from "./end-edge.ts";
import { visibleTask } from "./find-task.ts";
import { giveConsent, refuseConsent } from "./give-consent.ts";
import { heldDelegations, taskActions, taskTree } from "./look.ts";
import { openTask } from "./open-task.ts";
import { planDeclared, progressAnswer, progressOf } from "./routes-plans.ts";
import { incident } from "./task.ts";
import { edgeAnswer, sentenceOf, shapeEdge, shapeTask, taskAnswer } from "./wire.ts";

/** The longest that may be asked for, in seconds: a week. */
const longest = 604_800;

const taskId = z.strictObject({
  id: z.string().refine((text) => isId(text, "task"), "This is not the id of a task."),
});
const edgeId = z.strictObject({
  id: z.string().refine((text) => isId(text, "edge"), "This is not the id of a delegation."),
});
export const duration = z.int().min(1).max(longest);

export const tasksOpen = route<DelegationDeps>()({
  summary: "Opens a task for a person, which begins when she consents.",
  body: z.strictObject({
    person: personId,
    instruction: printableText(4000),
    purpose: printableText(500),
    agent: principalName,
    grants: grantList.min(1, "A task without grants could do nothing."),
    expires_in: duration.optional().describe("Lifetime of the person's delegation, in seconds."),
    deadline_in: duration.optional().describe("Lifetime of the task, in seconds."),
    max_depth: z.int().min(1).max(8).optional(),
    incident: incident.optional().describe("What it serves."),
    runbook: shortName.optional().describe("Name of the approved runbook that it follows."),
    plan: planDeclared.optional().describe("What it will do, and nothing else; a runbook declares its own."),
    break_glass: z
      .literal(true)
      .optional()
      .describe("An emergency: only the person herself can say so, for an hour at most."),
  }),
  answers: { 201: taskAnswer },
  async handle(deps, caller, { body }) {
    const { expires_in, deadline_in, max_depth, break_glass, ...request } = body;
    const task = await openTask(deps, caller, {
      ...request,
      person: request.person as PersonId,
      agent: request.agent as AgentName,
      expiresIn: expires_in === undefined ? undefined : seconds(expires_in),
      deadlineIn: deadline_in === undefined ? undefined : seconds(deadline_in),
      maxDepth: max_depth,
      breakGlass: break_glass,
    });
    return { status: 201, body: shapeTask(task, deps.clock.now()) };
  },
});

export const tasksGet = route<DelegationDeps>()({
  summary: "A task, for its person, whoever opened it, and administrators.",
  params: taskId,
  answers: { 200: taskAnswer.extend({ progress: progressAnswer.optional() }) },
  async handle(deps, caller, { params }) {
    const task = await visibleTask(deps, caller, params.id);
    const shaped = shapeTask(task, deps.clock.now());
    return { status: 200, body: { ...shaped, ...(await progressOf(deps, task)) } };
  },
});

export const tasksClose = route<DelegationDeps>()({
  summary: "Closes a task: all authority given for it ends.",
  params: taskId,
  answers: { 200: taskAnswer },
  async handle(deps, caller, { params }) {
    return {
      status: 200,
      body: shapeTask(await closeTask(deps, caller, { task: params.id }), deps.clock.now()),
    };
  },
});

export const tasksTree = route<DelegationDeps>()({
  summary: "The delegations of a task, oldest first; each names the one that it hangs on.",
  params: taskId,
  query: z.strictObject(pageQuery),
  answers: { 200: pageOf(edgeAnswer) },
  async handle(deps, caller, { params, query }) {
    const page = await taskTree(deps, caller, { task: params.id, ...query });
    return { status: 200, body: { ...page, items: page.items.map(shapeEdge) } };
  },
});

export const tasksActions = route<DelegationDeps>()({
  summary: "The calls that were made within a task, oldest first.",
  params: taskId,
  query: z.strictObject(pageQuery),
  answers: {
    200: pageOf(
      z.object({
        id: z.string(),
        edge: z.string(),
        agent: z.string(),
        instance: z.string(),
        jti: z.string(),
        tool: z.string(),
        labels: z.array(z.string()),
        args: z.string(),
        authority: z.string(),
        called_at: z.int(),
        outcome: z.string().optional(),
        returned_at: z.int().optional(),
      }),
    ),
  },
  async handle(deps, caller, { params, query }) {
    const page = await taskActions(deps, caller, { task: params.id, ...query });
    const items = page.items.map(({ task: _, calledAt, returnedAt, ...action }) => ({
      ...action,
      called_at: calledAt,
      ...(returnedAt === undefined ? {} : { returned_at: returnedAt }),
    }));
    return { status: 200, body: { ...page, items } };
  },
});

export const consentsList = route<DelegationDeps>()({
  summary: "The tasks that wait for the caller's own consent.",
  query: z.strictObject({
    ...pageQuery,
    mine: z.enum(["", "true"]).optional().describe("There are no others to see."),
  }),
  answers: { 200: pageOf(taskAnswer.extend({ sentence: z.string() })) },
  async handle(deps, caller, { query }) {
    const page = await awaitedConsents(deps, caller, query);
    const items = page.items.map((task) => ({
      ...shapeTask(task, deps.clock.now()),
      sentence: sentenceOf(task),
    }));
    return { status: 200, body: { ...page, items } };
  },
});

export const consentsGet = route<DelegationDeps>()({
  summary: "What a person is asked to consent to, with the object that she signs. Only for her.",
  params: taskId,
  answers: {
    200: z.object({
      consent: z.unknown().describe("The object; what is signed is the SHA-256 of its RFC 8785 bytes."),
      challenge: z.string(),
      task: taskAnswer.extend({
        instruction: z.string(),
        instruction_salt: z
          .string()
          .describe("instruction_hash is SHA-256(salt, RFC 8785 of the instruction)."),
        service: z.string().optional(),
      }),
      agent: z.object({
        name: z.string(),
        class: z.string(),
        purpose: z.string(),
        environment: z.string(),
        owner: z.string(),
        owner_name: z.string(),
      }),
      described: z.array(z.string()),
    }),
  },
  async handle(deps, caller, { params }) {
    const { consent, challenge, described, ...view } = await consentFor(deps, caller, { task: params.id });
    const { name, class: kind, purpose, environment, owner } = view.agent;
    const { words, salt } = view.instruction;
    const task = {
      ...shapeTask(view.task, deps.clock.now()),
      instruction: words,
      instruction_salt: salt,
      ...(view.service === undefined ? {} : { service: view.service }),
    };
    const agent = { name, class: kind, purpose, environment, owner, owner_name: view.ownerName };
    return { status: 200, body: { consent, challenge, task, agent, described } };
  },
});

export const consentsGive = route<DelegationDeps>()({
  summary: "A person consents to a task with her passkey; the task begins.",
  params: taskId,
  body: z.strictObject({
    consent: z.record(z.string(), z.json()).describe("The object as the person was shown it."),
    assertion: assertionResponse,
  }),
  answers: { 200: z.object({ task: taskAnswer, delegation: edgeAnswer }) },
  async handle(deps, caller, { params, body: { consent, assertion } }) {
    const input = { task: params.id, consent, response: assertion };
    const { task, edge } = await giveConsent(deps, caller, input);
    return { status: 200, body: { task: shapeTask(task, deps.clock.now()), delegation: shapeEdge(edge) } };
  },
});

export const consentsRefuse = route<DelegationDeps>()({
  summary: "A person refuses a task that was to be done for her.",
  params: taskId,
  answers: { 200: taskAnswer },
  async handle(deps, caller, { params }) {
    return {
      status: 200,
      body: shapeTask(await refuseConsent(deps, caller, { task: params.id }), deps.clock.now()),
    };
  },
});

export const delegationsHeld = route<DelegationDeps>()({
  summary: "The delegations that the calling agent has been given, oldest first, ended ones included.",
  query: z.strictObject(pageQuery),
  answers: { 200: pageOf(edgeAnswer) },
  async handle(deps, caller, { query }) {
    const page = await heldDelegations(deps, caller, query);
    return { status: 200, body: { ...page, items: page.items.map(shapeEdge) } };
  },
});

export const delegationsTicket = route<DelegationDeps>()({
  summary: "The signed ticket by which the receiving agent refers to a delegation at the token endpoint.",
  params: edgeId,
  answers: { 200: z.object({ delegation_token: z.string(), token_type: z.string(), expires: z.int() }) },
  async handle(deps, caller, { params }) {
    const { token, type, expires } = await delegationTokenFor(deps, caller, { edge: params.id });
    return { status: 200, body: { delegation_token: token, token_type: type, expires } };
  },
});

export const delegationsEnd = route<DelegationDeps>()({
  summary: "Ends a delegation and all that hang on it.",
  params: edgeId,
  answers: { 204: "It has ended." },
  async handle(deps, caller, { params }) {
    await endDelegation(deps, caller, { edge: params.id });
    return { status: 204 };
  },
});
