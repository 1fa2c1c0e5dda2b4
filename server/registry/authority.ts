import { type Caller, Fault, type PersonId } from "../lib/index.ts";

/** Whether the caller administers this installation, or is the installation itself. */
export const isAdministrator = (caller: Caller): boolean =>
  caller.kind === "system" || caller.roles.includes("administrator");

/**
 * The registry is what all authority hangs from, so its verbs check for themselves who asks.
 * @throws Fault `forbidden`
 */
export function requireAdministrator(caller: Caller): void {
  if (isAdministrator(caller)) return;
  throw new Fault("forbidden", "Only an administrator may do this.", {
    remedy: "Ask an administrator of this installation.",
  });
}

/**
 * For what an owner may do about her own agents and services.
 * @throws Fault `forbidden`
 */
export function requireOwnerOrAdministrator(caller: Caller, owner: PersonId): void {
  if (isAdministrator(caller) || (caller.kind === "person" && caller.principal === owner)) return;
  throw new Fault("forbidden", "Only its owner or an administrator may do this.", {
    remedy: "Ask one of them.",
  });
}
