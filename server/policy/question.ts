import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json, JsonError } from "@countersign/proof/jcs";
import { type Action, type AgentName, Fault, type Strength } from "../lib/index.ts";
import type { Agent, Person, Service } from "../registry/index.ts";
import type { Circumstances, Incident, PlanSeen, Runbook } from "./circumstances.ts";

/** Everything that a decision sees, as values: the same question and policies give the same verdict. */
export interface Question {
  readonly action: Action;
  /** For `call`: which tool, as `server/tool`. */
  readonly tool?: string;
  /** The registry's record of the agent that acts. */
  readonly agent?: Agent;
  readonly service?: Service;
  /** The human at the chain's root, or the person who asks herself. */
  readonly person?: Person;
  readonly instance?: string;
  readonly strength: Strength;
  readonly task?: {
    readonly id: string;
    readonly purpose: string;
    readonly startedBy: string;
    readonly agent: AgentName;
    readonly incident?: Incident;
    readonly runbook?: Runbook;
    readonly plan?: PlanSeen;
    /** Opened by a person in an emergency: short, loud, and reviewed afterwards. */
    readonly breakGlass?: boolean;
    /** What the person's consent is: her passkey's where nothing is said, none where nobody asked. */
    readonly consent?: "passkey" | "company-sign-in" | "none";
  };
  readonly chain?: { readonly depth: number; readonly agents: readonly AgentName[]; readonly hash: string };
  /** Whether every link of the chain permits this, and what is missing where not, described for people. */
  readonly authority: { readonly covered: boolean; readonly missing: readonly string[] };
  /** The audience's URL, and its name in the catalog. */
  readonly resource: { readonly location: string; readonly name: string };
  /** The call's arguments; when a token is issued, those alone that the grants pin to one value. */
  readonly args: Readonly<Record<string, Json>>;
  /** Arguments that the call may have and whose value is not known yet. Absent: `args` is all there is. */
  readonly openArgs?: readonly string[] | "any";
  /** Whom an approval would be for: the edge of the chain, else the instance. */
  readonly holder: string;
  readonly delegate?: {
    readonly to: AgentName;
    readonly toClass: string;
    readonly grants: readonly string[];
    readonly depth: number;
    /** In seconds, as it was asked for; null where nothing was said, which is as long as the chain lasts. */
    readonly expiresIn?: number | null;
    readonly purpose?: string;
  };
  /** What is true around the question and was gathered for it, by the server itself. */
  readonly circumstances?: Circumstances;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * What an approval is for: this action by this holder, for this task, at this resource, with exactly these
 * arguments. An unsalted hash of arguments: it stays in the database and never enters an event or an answer.
 * @throws Fault `invalid` for what has no canonical form, such as half a surrogate pair
 */
export function subjectOf(question: Question): string {
  const { action, tool, task, holder, agent, service, person, resource, args, delegate } = question;
  const subject = {
    action,
    tool: tool ?? null,
    task: task?.id ?? null,
    holder,
    agent: agent?.name ?? null,
    service: service?.id ?? null,
    person: person?.id ?? null,
    resource: resource.location,
    args,
    delegate: delegate === undefined ? null : { ...delegate, grants: [...delegate.grants] },
  };
  try {
    return sha256Base64url(canonicalize(subject as Json));
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    throw new Fault("invalid", "An argument holds what JSON cannot carry exactly.", { cause });
  }
}
