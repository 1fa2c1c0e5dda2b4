import { parseSpiffeId } from "@countersign/proof/spiffe-id";
import { type About, append, perform } from "../audit/index.ts";
import { type Caller, Fault, newId, type ServiceId } from "../lib/index.ts";
import { accepted, agentOrRefuse, requireAdministrator, serviceOrRefuse } from "../registry/index.ts";
import { revoke } from "../revocation/index.ts";
import { workloadRegistered, workloadRemoved } from "./events.ts";
import {
  deadKeyOfWorkload,
  type ForeignWorkload,
  type WorkloadRegistration,
  workloadRegistration,
} from "./foreign-workload.ts";
import { trustDomainOrRefuse } from "./remove-trust-domain.ts";
import type { SpiffeDeps } from "./spiffe-deps.ts";
import { deleteWorkload, insertWorkload, requireDomain, workloadsRegisteredAs } from "./store.ts";

/**
 * Says for whom of ours workloads of another trust domain stand. Without it they are nobody.
 * @throws Fault `forbidden`; `invalid`; `not-found`; `exists` when they stand for somebody else already
 */
export function registerWorkload(
  deps: SpiffeDeps,
  caller: Caller,
  { trustDomain, registration }: { trustDomain: string; registration: WorkloadRegistration },
): Promise<ForeignWorkload> {
  return perform(deps, caller, "workload.register", async (change) => {
    requireAdministrator(caller);
    const said = accepted("workload", workloadRegistration, registration);
    const domain = await trustDomainOrRefuse(deps, trustDomain);
    requireForeign(deps, said.id, domain.name);
    const stands = await whomItStandsFor(deps, said);
    const [before] = await workloadsRegisteredAs(deps.database, [said.id]);
    if (before !== undefined) {
      if (nameOf(before.stands) === nameOf(stands)) return before;
      throw standsForAnother();
    }
    const id = newId(deps, "workload");
    const workload = { id, trustDomain: domain.name, spiffeId: said.id, stands, created: deps.clock.now() };
    requireDomain(change, domain);
    insertWorkload(change, workload);
    append(change, workloadRegistered(deps, caller, aboutOf(workload), factsOf(workload)));
    return workload;
  });
}

/**
 * Whoever of another trust domain stood for one of ours stands for nobody: what they were issued is dead.
 * @throws Fault `forbidden`; `not-found`
 */
export function removeWorkload(
  deps: SpiffeDeps,
  caller: Caller,
  { trustDomain, id }: { trustDomain: string; id: string },
): Promise<ForeignWorkload> {
  return perform(deps, caller, "workload.remove", async (change) => {
    requireAdministrator(caller);
    const [workload] = await workloadsRegisteredAs(deps.database, [id]);
    if (workload?.trustDomain !== trustDomain)
      throw new Fault("not-found", "Nothing is registered under this SPIFFE ID.", {
        remedy: "List what is.",
      });
    deleteWorkload(change, workload);
    revoke(deps, change, caller, [deadKeyOfWorkload(workload)], "workload removed");
    append(change, workloadRemoved(deps, caller, aboutOf(workload), factsOf(workload)));
    return workload;
  });
}

/** Whoever is of our own trust domain says by its SPIFFE ID whose it is. */
function requireForeign(deps: SpiffeDeps, id: string, domain: string): void {
  const { trustDomain } = parseSpiffeId(id.replace(/\/$/, ""));
  if (trustDomain === domain && trustDomain !== deps.trustDomain) return;
  throw new Fault("invalid", "The SPIFFE ID is not of this trust domain, or of our own.", {
    remedy: "Register workloads of other trust domains, each under its own.",
  });
}

async function whomItStandsFor(
  deps: SpiffeDeps,
  { agent, service }: { agent?: string | undefined; service?: string | undefined },
): Promise<ForeignWorkload["stands"]> {
  if (agent !== undefined) return { agent: (await agentOrRefuse(deps, agent)).name };
  return { service: (await serviceOrRefuse(deps, service as ServiceId)).id };
}

const nameOf = (stands: ForeignWorkload["stands"]): string =>
  "agent" in stands ? stands.agent : stands.service;

const aboutOf = ({ stands }: ForeignWorkload): About => ("agent" in stands ? { agent: stands.agent } : {});

const factsOf = ({ id, trustDomain, spiffeId, stands }: ForeignWorkload) => ({
  id,
  trust_domain: trustDomain,
  spiffe_id: spiffeId,
  stands_for: nameOf(stands),
});

const standsForAnother = (): Fault =>
  new Fault("exists", "This SPIFFE ID stands for somebody else already.", {
    remedy: "Remove that registration first: what was issued on it ends.",
  });
