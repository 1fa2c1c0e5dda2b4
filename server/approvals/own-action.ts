import type { Json } from "@countersign/proof/jcs";
import type { Change } from "../database/index.ts";
import { type Allow, type Caller, Fault, minutes } from "../lib/index.ts";
import { findPerson, type Person } from "../registry/index.ts";
import type { ApprovalsDeps } from "./approvals-deps.ts";
import { authorize } from "./authorize.ts";
import { reserve } from "./reserve.ts";
import { spend } from "./spend.ts";

/** Something that a person does to this installation itself. */
export interface OwnAction {
  /** `register` adds somebody who can act; everything else is `administer`. */
  readonly action: "administer" | "register";
  /** What policies may read, by the names of the action's schema; whatever else is here people are shown. */
  readonly args: Readonly<Record<string, Json>>;
}

/**
 * Adds to a change that policy lets this person do something to the installation itself. Whoever calls it has
 * seen that her roles cover it, as far as roles say: that no policy can widen. A yes that was needed is used
 * up by this. The installation itself asks nobody.
 * @throws Fault as `authorize`; `forbidden` for who is no person of ours
 */
export async function authorizeOwnAction(
  deps: ApprovalsDeps,
  change: Change,
  caller: Caller,
  { action, args }: OwnAction,
): Promise<Allow<"administer" | "register"> | undefined> {
  if (caller.kind === "system") return undefined;
  const person = await personOf(deps, caller);
  const allow = await authorize<"administer" | "register">(deps, change, caller, {
    action,
    person,
    strength: caller.strength,
    authority: { covered: true, missing: [] },
    resource: { location: deps.issuer, name: "countersign" },
    args,
    holder: person.id,
    now: deps.clock.now(),
  });
  if (allow.obligations.some(({ kind }) => kind !== "log")) throw cannotHonour();
  await useApproval(deps, change, caller, allow);
  return allow;
}

async function personOf(deps: ApprovalsDeps, caller: Caller): Promise<Person> {
  const person = caller.kind === "person" ? await findPerson(deps, caller.principal) : undefined;
  if (person !== undefined) return person;
  throw new Fault("forbidden", "This is for people of this installation.", { remedy: "Sign in." });
}

/** A yes to this is for this: taken and used up at once. */
async function useApproval(
  deps: ApprovalsDeps,
  change: Change,
  caller: Caller,
  { approval, decision }: Allow<"administer" | "register">,
): Promise<void> {
  if (approval === undefined) return;
  reserve(deps, change, approval, { jti: decision, expires: deps.clock.now() + minutes(1) });
  await spend(deps, change, caller, { approval, jti: decision });
}

const cannotHonour = (): Fault =>
  new Fault("denied", "Policy allows this only under conditions that cannot be kept here.", {
    remedy: "Ask whoever publishes policies: only @log can be kept for what is done to the installation.",
  });
