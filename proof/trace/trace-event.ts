import { isJsonObject, type Json } from "../jcs/index.ts";

/** An event of the log, as its canonical bytes say. */
export type TraceEvent = {
  id: string;
  /** Milliseconds since 1970. */
  at: number;
  type: string;
  severity: string;
  actor: { kind: string; principal: string; instance?: string; strength: string; via: string };
  about: { task?: string; agent?: string; person?: string };
  body: Json;
};

/** Whether a value has the members that every event has. What its body holds is its reader's to judge. */
export function isTraceEvent(attackerValue: unknown): attackerValue is TraceEvent {
  const event = attackerValue as Json;
  if (!isJsonObject(event) || !isJsonObject(event.actor) || !isJsonObject(event.about)) return false;
  const { id, at, type, actor, about } = event;
  const texts = [id, type, actor.kind, actor.principal, actor.strength, actor.via];
  const maybe = [actor.instance, about.task, about.agent, about.person];
  return (
    texts.every((text) => typeof text === "string") &&
    maybe.every((text) => text === undefined || typeof text === "string") &&
    Number.isSafeInteger(at)
  );
}

/** A text in a body, or nothing where there is none. */
export function textIn(attackerBody: Json | undefined, member: string): string | undefined {
  const value = memberOf(attackerBody, member);
  return typeof value === "string" ? value : undefined;
}

/** A whole number in a body, or nothing. */
export function numberIn(attackerBody: Json | undefined, member: string): number | undefined {
  const value = memberOf(attackerBody, member);
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

/** The texts of a list in a body; empty where there is none. */
export function textsIn(attackerBody: Json | undefined, member: string): string[] {
  return listIn(attackerBody, member).filter((value) => typeof value === "string");
}

/** A list in a body; empty where there is none. */
export function listIn(attackerBody: Json | undefined, member: string): Json[] {
  const value = memberOf(attackerBody, member);
  return Array.isArray(value) ? value : [];
}

/** Any member of a body, or nothing. */
export function memberOf(attackerBody: Json | undefined, member: string): Json | undefined {
  return isJsonObject(attackerBody) && Object.hasOwn(attackerBody, member) ? attackerBody[member] : undefined;
}

type Told<Members> = {
  [Name in keyof Members as undefined extends Members[Name] ? never : Name]: Members[Name];
} & {
  [Name in keyof Members as undefined extends Members[Name] ? Name : never]?: Exclude<
    Members[Name],
    undefined
  >;
};

/** Without what is `undefined`, so that a trace is the same before and after it was JSON. */
export function told<Members extends object>(members: Members): Told<Members> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}
