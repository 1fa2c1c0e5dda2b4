import { append, perform } from "../../audit/index.ts";
import type { Change } from "../../database/index.ts";
import { type AgentName, type Caller, Fault, type ServiceId } from "../../lib/index.ts";
import {
  accepted,
  agentOrRefuse,
  attestAgain,
  requireAdministrator,
  serviceOrRefuse,
} from "../../registry/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { artifactsDeclared } from "./events-artifacts.ts";
import {
  type ArtifactRequirement,
  type ArtifactsSaid,
  artifactRequirement,
  digestOfRequirement,
} from "./requirement.ts";
import {
  insertRequirement,
  type Required,
  replaceRequirement,
  requirementOf,
  type Whose,
} from "./store-artifacts.ts";
import { allSigners } from "./store-signers.ts";

/**
 * Says what every running copy of an agent or a service must be made of. Where that changes, an agent must prove
 * itself anew before it regains anything; a service's copies are judged by it when they renew.
 * @throws Fault `forbidden`; `not-found`; `invalid`, also for a signer who is not trusted for what it is named for
 */
export function putRequirement(
  deps: AttestationDeps,
  caller: Caller,
  { of, artifacts }: { readonly of: Whose; readonly artifacts: ArtifactsSaid },
): Promise<Required> {
  const attempt = of.kind === "agent" ? "artifacts.declare" : "service.artifacts.declare";
  return perform(deps, caller, attempt, async (change) => {
    requireAdministrator(caller);
    return requireWithin(deps, change, caller, { of, artifacts });
  });
}

/** As `putRequirement`, within a change that does more besides. Whoever calls it has decided that it may. */
export async function requireWithin(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  { of, artifacts: attackerArtifacts }: { readonly of: Whose; readonly artifacts: ArtifactsSaid },
): Promise<Required> {
  const requirement = accepted("artifacts", artifactRequirement, attackerArtifacts) as ArtifactRequirement;
  await refuseUnknownSigners(deps, requirement);
  const before = await requirementOf(deps.database, of);
  const digest = digestOfRequirement(requirement);
  const after: Required = {
    ...of,
    requirement,
    digest,
    updated: deps.clock.now(),
    revision: before === undefined ? 0 : before.revision + 1,
  };
  const agent = of.kind === "agent" ? await agentOrRefuse(deps, of.principal as AgentName) : undefined;
  if (agent === undefined) await serviceOrRefuse(deps, of.principal as ServiceId);
  if (before?.digest === digest) return before;
  if (before === undefined) insertRequirement(change, after);
  else replaceRequirement(change, before, after);
  const about = agent === undefined ? {} : { agent: agent.name, person: agent.owner };
  append(
    change,
    artifactsDeclared(deps, caller, about, { ...of, digest, declares: Object.keys(requirement) }),
  );
  if (agent !== undefined) await attestAgain(deps, change, caller, agent, "artifacts changed");
  return after;
}

/** What is declared for the agent of this name, or nothing. */
export const declaredArtifacts = async (
  { database }: Pick<AttestationDeps, "database">,
  agent: AgentName,
): Promise<ArtifactRequirement | undefined> =>
  (await requirementOf(database, { kind: "agent", principal: agent }))?.requirement;

/** A name that nobody has would refuse every image later, in words that nobody connects with it. */
async function refuseUnknownSigners(
  { database }: AttestationDeps,
  { images }: ArtifactRequirement,
): Promise<void> {
  const named = [
    ...(images?.signed_by ?? []).map((name) => ({ name, purpose: "image" as const })),
    ...(images?.provenance?.signed_by ?? []).map((name) => ({ name, purpose: "provenance" as const })),
  ];
  if (named.length === 0) return;
  const signers = await allSigners(database);
  const unknown = named.find(
    ({ name, purpose }) =>
      !signers.some((signer) => signer.name === name && signer.purposes.includes(purpose)),
  );
  if (unknown === undefined) return;
  throw new Fault("invalid", `The signer ${unknown.name} is not trusted for ${unknown.purpose}.`, {
    remedy: "Define it first (PUT /attestation/signers/:name), with this purpose.",
  });
}
