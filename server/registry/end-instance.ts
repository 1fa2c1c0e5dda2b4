import { append, perform } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import { type Caller, Fault, type PersonId } from "../lib/index.ts";
import { revoke } from "../revocation/index.ts";
import { requireOwnerOrAdministrator } from "./authority.ts";
import { instanceEnded } from "./events.ts";
import { deadKeysOf, type Instance } from "./instance.ts";
import type { RegistryDeps } from "./registry-deps.ts";
import { instanceKnownAs, setInstanceEnded } from "./store-instances.ts";
import { agentNamed, serviceKnownAs } from "./store-workloads.ts";

/**
 * Ends one running copy: its identity and its key are dead at once. The process itself may do it, its owner,
 * and an administrator.
 * @param input.id its SPIFFE ID
 * @throws Fault `forbidden`; `not-found`; `gone` when it has ended already
 */
export function endInstance(deps: RegistryDeps, caller: Caller, { id }: { id: string }): Promise<Instance> {
  return perform(deps, caller, "instance.end", (change) => endInstanceWithin(deps, change, caller, id));
}

/** As `endInstance`, within a change that does more besides. */
export async function endInstanceWithin(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  id: string,
): Promise<Instance> {
  const instance = await instanceKnownAs(deps.database, "id", id);
  if (instance === undefined) throw unknown();
  const owner = await ownerOf(deps, instance);
  const itself = caller.instance === instance.id;
  if (!itself) requireOwnerOrAdministrator(caller, owner);
  if (instance.status === "ended")
    throw new Fault("gone", "This instance has ended already.", { remedy: "Nothing is left to do." });
  endProven(deps, change, caller, instance, { owner, why: itself ? "by itself" : "by a person" });
  return { ...instance, status: "ended" };
}

/**
 * Ends an active copy in the caller's change, whoever asks: for rooms that have found out that it must end.
 * @param found.why a fixed phrase, for the log
 */
export function endProven(
  deps: RegistryDeps,
  change: Change,
  caller: Caller,
  instance: Instance,
  { owner, why }: { readonly owner?: PersonId; readonly why: string },
): void {
  const { id, thumbprint, kind, principal } = instance;
  setInstanceEnded(change, id);
  revoke(deps, change, caller, deadKeysOf(instance), "instance ended");
  const person = owner === undefined ? {} : { person: owner };
  const about = kind === "agent" ? { agent: principal, ...person } : {};
  append(change, instanceEnded(deps, caller, about, { instance: id, thumbprint, why }));
}

async function ownerOf(deps: RegistryDeps, { kind, principal }: Instance) {
  const holder =
    kind === "agent"
      ? await agentNamed(deps.database, principal)
      : await serviceKnownAs(deps.database, "id", principal);
  if (holder === undefined) throw unknown();
  return holder.owner;
}

const unknown = (): Fault =>
  new Fault("not-found", "There is no instance of this id.", { remedy: "List the agent's instances." });
