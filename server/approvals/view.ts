import type { Person } from "../registry/index.ts";
import type { ApprovalRequest } from "./request.ts";

/** One station of the chain of authority, as the console draws it. */
export interface Station {
  readonly mark: "person" | "agent" | "resource";
  readonly name: string;
  /** How authority passed on from here; absent at the end. */
  readonly link?: string;
}

/** What is asked, in one sentence. What an agent wrote is not in it. */
export function sentenceOf({ asked }: ApprovalRequest, person: Person | undefined): string {
  const who = asked.agent ?? asked.service ?? person?.name ?? "Somebody";
  const whom = person === undefined || asked.agent === undefined ? "" : ` for ${person.name}`;
  return `${who} asks to ${deedOf(asked)}${whom}.`;
}

function deedOf({ action, tool, delegateTo, resource }: ApprovalRequest["asked"]): string {
  if (action === "call") return `call ${tool ?? resource.name}`;
  if (action === "delegate") return `delegate to ${delegateTo ?? "an agent"}`;
  return action;
}

/** From the person to what is asked for, on one line. */
export function chainOfRequest({ asked }: ApprovalRequest, person: Person | undefined): Station[] {
  const last = asked.action === "call" ? "called" : "delegated";
  const agents = asked.agents.map(
    (name, index): Station => ({
      mark: "agent",
      name,
      link: index < asked.agents.length - 1 ? "delegated" : last,
    }),
  );
  const end: Station =
    asked.delegateTo === undefined
      ? { mark: "resource", name: asked.tool ?? asked.resource.name }
      : { mark: "agent", name: asked.delegateTo };
  const root: Station[] = person === undefined ? [] : [{ mark: "person", name: person.name, link: "signed" }];
  return [...root, ...agents, end];
}
