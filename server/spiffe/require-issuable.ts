import { Fault, type ServiceId } from "../lib/index.ts";
import {
  aliveAgent,
  aliveService,
  blockedKindsOf,
  deadKeysOf,
  type Instance,
  isLive,
  type RegistryDeps,
} from "../registry/index.ts";
import { deadAmong, openKeys } from "../revocation/index.ts";

/**
 * Lets only a running copy pass to which an SVID may be issued now: it lives, its agent or service has access, and
 * nothing of it is dead or blocked.
 * @throws Fault `gone`; `forbidden` saying which state keeps it out; `denied` for what is blocked; `not-found`
 */
export async function requireIssuable(deps: RegistryDeps, instance: Instance): Promise<void> {
  if (!isLive(instance, deps.clock.now())) throw ended(instance);
  if (instance.kind === "service") await aliveService(deps, instance.principal as ServiceId);
  else await openKeys(deps, blockedKindsOf([await aliveAgent(deps, instance.principal)], instance));
  if ((await deadAmong(deps, deadKeysOf(instance))).length > 0) throw ended(instance);
}

const ended = ({ kind, principal }: Instance): Fault =>
  new Fault("gone", "This instance has ended.", {
    remedy: "Start the process anew, so that it is attested anew.",
    members: { reason: "instance-ended" },
    record: kind === "agent" ? { about: { agent: principal } } : {},
  });
