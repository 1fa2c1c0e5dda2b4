import { type Caller, Fault } from "../lib/index.ts";

/**
 * Changing what is decided is a permission of its own: an administrator has it only where she was given it.
 * @throws Fault `forbidden`
 */
export function requirePublisher(caller: Caller): void {
  if (isPublisher(caller)) return;
  throw new Fault("forbidden", "Only a policy publisher can change what is allowed.", {
    remedy: "Ask a person with the role policy-publisher; an administrator can give it.",
  });
}

/** For what changes no decision. @throws Fault `forbidden` */
export function requirePublisherOrAdministrator(caller: Caller): void {
  if (isPublisher(caller) || caller.roles.includes("administrator")) return;
  throw new Fault("forbidden", "Only a policy publisher or an administrator may do this.", {
    remedy: "Ask one of them.",
  });
}

const isPublisher = (caller: Caller): boolean =>
  caller.kind === "system" || (caller.kind === "person" && caller.roles.includes("policy-publisher"));
