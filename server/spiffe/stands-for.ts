import { sha256Base64url } from "@countersign/proof/digest";
import { type SpiffeId, spiffeId, workloadOf } from "@countersign/proof/spiffe-id";
import { type Agent, findAgent, findService, findServiceByName, type Service } from "../registry/index.ts";
import { deadKeyOfWorkload, type ForeignWorkload, registrationsFor } from "./foreign-workload.ts";
import type { SpiffeDeps } from "./spiffe-deps.ts";
import { workloadsRegisteredAs } from "./store.ts";

/** Whom of ours a SPIFFE ID stands for. */
export interface StandsFor {
  readonly of: { readonly agent: Agent } | { readonly service: Service };
  /** The SPIFFE ID under which it is a running copy here: its own, or one of ours that is made from it. */
  readonly instance: string;
  /** What kills whatever it is issued, besides what kills everything of its agent or service. */
  readonly rev: readonly string[];
}

/**
 * Whom a SPIFFE ID stands for: one of our own trust domain says so itself, one of another must have been
 * registered. Nobody where neither is so.
 * @param id of an SVID that was verified
 */
export async function standsFor(deps: SpiffeDeps, id: SpiffeId): Promise<StandsFor | undefined> {
  return id.trustDomain === deps.trustDomain ? ofOurOwn(deps, id) : ofAnother(deps, id);
}

async function ofOurOwn(deps: SpiffeDeps, id: SpiffeId): Promise<StandsFor | undefined> {
  const workload = workloadOf(id);
  if (workload === undefined || workload.kind === "host") return undefined;
  const of =
    workload.kind === "agent"
      ? recordOf("agent", await findAgent(deps, workload.name))
      : recordOf("service", await findServiceByName(deps, workload.name));
  // Copies that a host attests are not among them: their SVIDs are our own authority's (`admit-own.ts`).
  return of && { of, instance: id.uri, rev: [] };
}

async function ofAnother(deps: SpiffeDeps, id: SpiffeId): Promise<StandsFor | undefined> {
  const candidates = registrationsFor(id.uri);
  const found = await workloadsRegisteredAs(deps.database, candidates);
  const [best] = found.sort((a, b) => b.spiffeId.length - a.spiffeId.length);
  if (best === undefined) return undefined;
  const { stands } = best;
  const of =
    "agent" in stands
      ? recordOf("agent", await findAgent(deps, stands.agent))
      : recordOf("service", await findService(deps, stands.service));
  return of && { of, instance: instanceOf(deps, of, best, id), rev: [deadKeyOfWorkload(best)] };
}

/**
 * One running copy for each foreign SPIFFE ID and registration: ending it ends that workload for as long as
 * the registration stands, whatever key it brings next.
 */
function instanceOf(
  deps: SpiffeDeps,
  of: StandsFor["of"],
  { id: registration }: ForeignWorkload,
  id: SpiffeId,
): string {
  const copy = `svid-${sha256Base64url(`${registration} ${id.uri}`)}`;
  return "agent" in of
    ? spiffeId(deps.trustDomain, "agent", of.agent.name, copy).uri
    : spiffeId(deps.trustDomain, "service", of.service.name, copy).uri;
}

function recordOf(kind: "agent", record: Agent | undefined): { agent: Agent } | undefined;
function recordOf(kind: "service", record: Service | undefined): { service: Service } | undefined;
function recordOf(kind: "agent" | "service", record: unknown) {
  return record === undefined ? undefined : { [kind]: record };
}
