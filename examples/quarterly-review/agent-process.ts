/**
 * What every agent of the story can do. It is the Countersign SDK with names that a story can use: tokens
 * and delegations stay in the agent's memory, under names; nothing of them leaves but what is worth telling.
 */
import type { Grant } from "@countersign/proof/grant";
import type { JsonObject } from "@countersign/proof/jcs";
import {
  type AccessToken,
  type Agent,
  agentOf,
  type Delegated,
  enrol,
  type Instance,
  nodeRuntime,
  type OutgoingCall,
} from "@countersign/sdk";
import { act, type Verbs } from "./actor.ts";

/** What a resource answered to a call. */
export interface Answered {
  readonly status: number;
  readonly body: JsonObject;
  /** Why not, in the words of RFC 6750. */
  readonly challenge: string | null;
}

/** What is worth telling of a token. */
export interface Received {
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** The decision that let it be issued. */
  readonly decision: string;
  readonly jti: string;
}

/** Which token to use, by the name under which it is remembered, and for what. */
export interface NamedCall extends OutgoingCall {
  readonly token: string;
}

/** An agent with what it remembers. */
export class AgentProcess {
  readonly tokens = new Map<string, AccessToken>();
  readonly delegations = new Map<string, Delegated>();
  #instance: Instance | undefined;
  #lastRequest: Parameters<typeof fetch> | undefined;

  get instance(): Instance {
    if (this.#instance === undefined) throw new Error("this agent has not been enrolled yet");
    return this.#instance;
  }

  get agent(): Agent {
    return agentOf(this.instance);
  }

  /** The last request that went out, byte for byte. */
  get lastRequest(): Parameters<typeof fetch> {
    if (this.#lastRequest === undefined) throw new Error("nothing has been sent yet");
    return this.#lastRequest;
  }

  async enrol(enrolment: { issuer: string; joinToken: string }): Promise<{ instance: string }> {
    const runtime = {
      ...nodeRuntime,
      fetch: (...request: Parameters<typeof fetch>) => {
        this.#lastRequest = request;
        return fetch(...request);
      },
    };
    this.#instance = await enrol({ ...enrolment, runtime });
    return { instance: this.#instance.id };
  }

  token(name: string): AccessToken {
    return found(this.tokens, name);
  }

  delegation(name: string): Delegated {
    return found(this.delegations, name);
  }

  async ask(request: {
    as: string;
    under: string;
    resource: string;
    grants?: readonly Grant[];
    expiresIn?: number;
  }): Promise<Received> {
    const token = await this.agent.token({
      delegation: this.delegation(request.under).delegation,
      resource: request.resource,
      ...(request.grants === undefined ? {} : { authorizationDetails: request.grants }),
      ...(request.expiresIn === undefined ? {} : { expiresIn: request.expiresIn }),
    });
    this.tokens.set(request.as, token);
    const [, claims = ""] = token.token.split(".");
    const { decision, jti } = JSON.parse(Buffer.from(claims, "base64url").toString());
    return { expiresAt: token.expiresAt, decision, jti };
  }

  async call({ token, ...call }: NamedCall): Promise<Answered> {
    return answered(await this.agent.call(this.token(token), call));
  }

  async delegate(request: {
    under: string;
    to: string;
    grants: readonly Grant[];
    expiresIn: number;
    purpose: string;
  }): Promise<Delegated> {
    const { under, ...rest } = request;
    return this.agent.delegate({ edge: this.delegation(under).edge, ...rest });
  }

  /** What all agents can be told. */
  get verbs() {
    return {
      enrol: (input: { issuer: string; joinToken: string }) => this.enrol(input),
      /** Picks up what it has been given for a task. */
      pickUp: async ({ task, as }: { task: string; as: string }) => {
        this.delegations.set(as, await this.agent.delegationFor(task));
      },
      receive: async ({ as, ...delegated }: Delegated & { as: string }) => {
        this.delegations.set(as, delegated);
      },
      ask: (input: Parameters<AgentProcess["ask"]>[0]) => this.ask(input),
      call: (input: NamedCall) => this.call(input),
      delegate: (input: Parameters<AgentProcess["delegate"]>[0]) => this.delegate(input),
    };
  }
}

/** Runs this process as an agent that can also be told `more`. */
export function runAgent(more: (agent: AgentProcess) => Verbs = () => ({})): void {
  const agent = new AgentProcess();
  act({ ...agent.verbs, ...more(agent) });
}

/** @returns what a story needs of a resource's answer */
export async function answered(response: Response): Promise<Answered> {
  const body = (await response.json()) as JsonObject;
  return { status: response.status, body, challenge: response.headers.get("www-authenticate") };
}

function found<T>(remembered: ReadonlyMap<string, T>, name: string): T {
  const one = remembered.get(name);
  if (one === undefined) throw new Error(`nothing is remembered as ${name}`);
  return one;
}
