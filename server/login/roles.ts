import { append, perform } from "../audit/index.ts";
import { type Caller, Fault, type PersonId, type Role } from "../lib/index.ts";
import { findPerson, requireActivePerson, requireAdministrator } from "../registry/index.ts";
import { roleGranted, roleWithdrawn } from "./events.ts";
import type { LoginDeps } from "./login-deps.ts";
import { deleteRole, holdersOf, insertRole, rolesInStore } from "./store-sessions.ts";

/** What a person may do in Countersign itself. What her agents may do is a matter of grants and policy. */
export const rolesOf = (deps: LoginDeps, person: PersonId): Promise<Role[]> =>
  rolesInStore(deps.database, person);

/**
 * Gives a person a role.
 * @throws Fault `forbidden` unless an administrator asks, and for `policy-publisher` another one than gets it;
 *   `not-found`; `exists` when she has it
 */
export function grantRole(
  deps: LoginDeps,
  caller: Caller,
  input: { person: PersonId; role: Role },
): Promise<void> {
  const { person: id, role } = input;
  return perform(deps, caller, "role.grant", async (change) => {
    requireAdministrator(caller);
    refuseOwnPublishing(caller, input);
    const person = await findPerson(deps, id);
    if (person?.status !== "active") throw new Fault("not-found", "There is no active person of this id.");
    if ((await rolesOf(deps, id)).includes(role))
      throw new Fault("exists", "This person has the role already.");
    requireActivePerson(change, person);
    insertRole(change, id, role, deps.clock.now());
    append(change, roleGranted(deps, caller, { person: id }, { role }));
  });
}

/**
 * Takes a role from a person; it no longer counts from her next request on.
 * @throws Fault `forbidden` unless an administrator asks; `not-found`; `conflict` for the last administrator
 */
export function withdrawRole(
  deps: LoginDeps,
  caller: Caller,
  input: { person: PersonId; role: Role },
): Promise<void> {
  const { person: id, role } = input;
  return perform(deps, caller, "role.withdraw", async (change) => {
    requireAdministrator(caller);
    if (!(await rolesOf(deps, id)).includes(role))
      throw new Fault("not-found", "This person does not have the role.");
    change.lock("login:administrators");
    await refuseLastAdministrator(deps, role);
    deleteRole(change, id, role);
    append(change, roleWithdrawn(deps, caller, { person: id }, { role }));
  });
}

/** Who runs the installation does not by that decide what is allowed in it: that takes two. */
function refuseOwnPublishing(caller: Caller, { person, role }: { person: PersonId; role: Role }): void {
  if (role !== "policy-publisher" || person !== caller.principal) return;
  throw new Fault("forbidden", "Nobody makes herself a policy publisher.", {
    remedy: "Ask another administrator to give you the role.",
  });
}

async function refuseLastAdministrator(deps: LoginDeps, role: Role): Promise<void> {
  if (role !== "administrator" || (await holdersOf(deps.database, role, 2)).length > 1) return;
  throw new Fault("conflict", "This is the last administrator.", { remedy: "Make somebody else one first." });
}
