import { delegationTokenType } from "@countersign/proof/delegation-token";
import type { Grant } from "@countersign/proof/grant";
import { parseGrants } from "@countersign/proof/grant";
import { isJsonObject, type Json, type JsonObject } from "@countersign/proof/jcs";
import type { PublicJwk } from "@countersign/proof/jwk";
import { parseSpiffeId } from "@countersign/proof/spiffe-id";
import { callTool, type OutgoingCall } from "./call-tool.ts";
import { type Enrolment, enrol } from "./enrol.ts";
import { ApprovalPending, Refused, Unreachable } from "./errors.ts";
import { dpopHeaders, type Instance } from "./instance.ts";
import { closeTask, reportStep, type StartRequest, type StepReport, startTask } from "./tasks.ts";
import { vouch } from "./vouch.ts";
import { type Warrants, warrantsOf } from "./warrant.ts";

/** What a token is asked for. */
export interface TokenRequest {
  /** The delegation token under which the agent acts: from `delegate`, or from a person's consent. */
  readonly delegation: string;
  /** The one resource it is for. */
  readonly resource: string;
  /** What the token shall allow; without it all that the delegation grants at this resource. */
  readonly authorizationDetails?: readonly Grant[];
  /** Seconds; the server may give less. */
  readonly expiresIn?: number;
}

/** A token of an agent for one resource, bound to its key. */
export interface AccessToken {
  readonly token: string;
  readonly resource: string;
  /** Milliseconds since 1970, by this process's clock. */
  readonly expiresAt: number;
  readonly grants: readonly Grant[];
}

/** What one agent hands to another. */
export interface DelegationRequest {
  /** The delegation that it holds and hands part of. */
  readonly edge: string;
  /** Name of the agent that receives it. */
  readonly to: string;
  /** Narrower than, or equal to, what it holds. */
  readonly grants: readonly Grant[];
  /** Seconds. */
  readonly expiresIn: number;
  readonly purpose: string;
}

/** A delegation, and the ticket by which whom it names can ask for tokens. */
export interface Delegated {
  readonly edge: string;
  readonly delegation: string;
}

/** One running copy of an agent: what it asks of the control plane, and how it calls resources. */
export interface Agent {
  /** Its SPIFFE ID. */
  readonly id: string;
  /** Its own token, for the control plane. */
  actorToken(): Promise<string>;
  /**
   * Picks up what this agent has been delegated for a task: by the person herself, or by another agent.
   *
   * @throws Refused with the code `nothing-delegated` when there is nothing, or it has ended; Unreachable
   */
  delegationFor(task: string): Promise<Delegated>;
  /** @throws Denied, ApprovalPending, Refused, Unreachable */
  token(request: TokenRequest): Promise<AccessToken>;
  /**
   * Asks until a person has answered.
   *
   * @param patience how long to ask, in seconds
   * @throws ApprovalPending when nobody answered in that time; Denied when a person said no; Refused, Unreachable
   */
  waitForApproval(request: TokenRequest, patience: number): Promise<AccessToken>;
  /** The public half of its key: to it another agent narrows a warrant. */
  readonly key: PublicJwk;
  /** Delegations that it passes on by itself, signed with its key. */
  readonly warrants: Warrants;
  /** @throws Denied, ApprovalPending, Refused, Unreachable */
  delegate(request: DelegationRequest): Promise<Delegated>;
  /**
   * Who this agent is, for a cloud, a vault or a cluster that takes our issuer's word: an OpenID Connect ID
   * token for this audience, which an administrator has named for the agent. Whoever holds it is the agent
   * there until it expires, within minutes: hand it to nobody else.
   *
   * @throws Refused with the code `invalid_target` for another audience; Denied, ApprovalPending, Unreachable
   */
  identityToken(audience: string): Promise<{ token: string; expiresAt: number }>;
  /** Starts a task that no person asked for, on this agent's standing authority. @throws as for services */
  startTask(request: Omit<StartRequest, "trigger">): Promise<string>;
  /** Ends a task that it started; all authority given for it dies. @throws Refused, Unreachable */
  closeTask(task: string): Promise<void>;
  /** Tells how a step of a task's plan stands. @throws Refused, Unreachable */
  reportStep(report: StepReport): Promise<void>;
  /**
   * Vouches for another agent within this process, which a host must have attested: it gets a key and an identity
   * of its own, at lower strength, and ends with this process.
   *
   * @throws Refused with the code `not-attested` or `not-vouched-by`; Unreachable
   */
  vouch(agent: string): Promise<Agent>;
  /** Calls a tool with a token and a fresh proof over this call. The answer is the resource's, as it came. */
  call(token: AccessToken, call: OutgoingCall): Promise<Response>;
}

/** Makes a key, enrols this process as an agent with it, and opens its verbs. @throws Refused, Unreachable */
export async function openAgent(enrolment: Enrolment): Promise<Agent> {
  return agentOf(await enrol(enrolment));
}

/** The verbs of an agent that is enrolled already. */
export function agentOf(instance: Instance): Agent {
  return {
    id: instance.id,
    key: instance.key.jwk,
    warrants: warrantsOf(instance),
    actorToken: () => instance.actorToken(),
    delegationFor: (task) => delegationFor(instance, task),
    token: (request) => exchange(instance, request),
    waitForApproval: (request, patience) => waitForApproval(instance, request, patience),
    delegate: (request) => delegate(instance, request),
    identityToken: (audience) => identityToken(instance, audience),
    startTask: (request) => startTask(instance, nameOf(instance), request),
    closeTask: (task) => closeTask(instance, task),
    reportStep: (report) => reportStep(instance, report),
    vouch: async (agent) => agentOf(await vouch(instance, agent)),
    call: ({ token }, call) => callTool(instance, call, (proven) => dpopHeaders(instance, token, proven)),
  };
}

/** The agent's name, as its SPIFFE ID says it. */
const nameOf = ({ id }: Instance): string => parseSpiffeId(id).path.split("/")[2] ?? "";

async function exchange(instance: Instance, request: TokenRequest): Promise<AccessToken> {
  const { token, expiresAt, answer } = await instance.withActorToken((actorToken) =>
    instance.askForToken({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: request.delegation,
      subject_token_type: delegationTokenType,
      actor_token: actorToken,
      actor_token_type: "urn:ietf:params:oauth:token-type:access_token",
      resource: request.resource,
      ...optionalParameters(request),
    }),
  );
  const grants = parseGrants(answer.authorization_details ?? null);
  return { token, resource: request.resource, expiresAt, grants };
}

async function identityToken(
  instance: Instance,
  audience: string,
): Promise<{ token: string; expiresAt: number }> {
  const asked = instance.runtime.now();
  const { access_token, expires_in } = await instance.exchange({
    grant_type: "client_credentials",
    requested_token_type: "urn:ietf:params:oauth:token-type:id_token",
    audience,
  });
  if (typeof access_token !== "string" || typeof expires_in !== "number") {
    throw new Unreachable("the token endpoint answered no identity token");
  }
  return { token: access_token, expiresAt: asked + expires_in * 1000 };
}

function optionalParameters({ authorizationDetails, expiresIn }: TokenRequest): Record<string, string> {
  return {
    ...(authorizationDetails === undefined
      ? {}
      : { authorization_details: JSON.stringify(authorizationDetails) }),
    ...(expiresIn === undefined ? {} : { expires_in: String(expiresIn) }),
  };
}

async function waitForApproval(
  instance: Instance,
  request: TokenRequest,
  patience: number,
): Promise<AccessToken> {
  const until = instance.runtime.elapsed() + patience * 1000;
  let slower = 0;
  for (;;) {
    try {
      return await exchange(instance, request);
    } catch (cause) {
      if (!(cause instanceof ApprovalPending)) throw cause;
      // RFC 8628 §3.5: for good, each time that it is said.
      if (cause.code === "slow_down") slower += 5;
      const pause = (cause.interval + slower) * 1000;
      if (instance.runtime.elapsed() + pause > until) throw cause;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

async function delegationFor(instance: Instance, task: string): Promise<Delegated> {
  const edge = await edgeFor(instance, task);
  const { delegation_token } = await instance.ask("GET", `/delegations/${encodeURIComponent(edge)}/ticket`);
  if (typeof delegation_token === "string") return { edge, delegation: delegation_token };
  throw new Unreachable("the control plane answered no delegation token");
}

/** The newest delegation for the task that has not been ended. */
async function edgeFor(instance: Instance, task: string): Promise<string> {
  let found: string | undefined;
  let path: `/${string}` | undefined = "/delegations";
  while (path !== undefined) {
    const page: JsonObject = await instance.ask("GET", path);
    const held = Array.isArray(page.items) ? page.items.filter(isJsonObject) : [];
    const edge = held.findLast((each) => each.task === task && each.ended_at === undefined)?.id;
    if (typeof edge === "string") found = edge;
    path = typeof page.next === "string" ? `/delegations?after=${encodeURIComponent(page.next)}` : undefined;
  }
  if (found !== undefined) return found;
  throw new Refused("Nothing has been delegated to this agent for this task.", {
    code: "nothing-delegated",
    status: 404,
    remedy: "Ask whoever started the task whether its person has consented.",
  });
}

async function delegate(instance: Instance, request: DelegationRequest): Promise<Delegated> {
  const answer = await instance.ask("POST", "/delegations", {
    edge: request.edge,
    to: request.to,
    grants: request.grants as unknown as Json,
    expires_in: request.expiresIn,
    purpose: request.purpose,
  });
  const { id: edge, delegation_token } = answer;
  if (typeof edge === "string" && typeof delegation_token === "string") {
    return { edge, delegation: delegation_token };
  }
  throw new Unreachable("the control plane answered no delegation");
}
