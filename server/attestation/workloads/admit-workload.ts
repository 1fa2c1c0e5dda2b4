import type { AttestRequest } from "@countersign/host/upstream";
import type { Json } from "@countersign/proof/jcs";
import { spiffeId } from "@countersign/proof/spiffe-id";
import type { Change } from "../../database/index.ts";
import { type Caller, Fault, type Id, inSeconds, newId, seconds } from "../../lib/index.ts";
import {
  type Admissions,
  blockedKindsOf,
  defined,
  type Instance,
  requireActiveAgent,
  requireActiveService,
  vouchFor,
} from "../../registry/index.ts";
import { openKeys, requireAlive } from "../../revocation/index.ts";
import type { ArtifactFindings, Check } from "../artifacts/check.ts";
import { requireDemands } from "../artifacts/store-artifacts.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { requireEntry } from "../entries/store-entries.ts";
import { hostId } from "../hosts/host.ts";
import { requireHost } from "../hosts/store-hosts.ts";
import { recordEvidence } from "../record-evidence.ts";
import { type AttestedProcess, groundOf } from "./attested-process.ts";
import { endingWhatFailed } from "./end-failed.ts";
import { findingsOf } from "./findings.ts";
import { type Judged, judgeWorkload } from "./judge-workload.ts";
import { insertProcess, replaceProcess } from "./store-processes.ts";

/** A process that was taken in, and what its SVID is to be. */
export interface Admitted {
  readonly instance: Instance;
  readonly evidence: Id<"evidence">;
  /** DER of the key that the SVID is for. */
  readonly spki: Uint8Array;
}

/**
 * Takes in a process as a running copy of an agent or service, as its host has attested it, or renews it: part of
 * the caller's change. A copy that is not any more as it was attested ends with the refusal.
 * @param caller the host
 * @param admissions where the change takes in several: who is admitted already
 * @throws Fault with its reason; RefusedLoudly where the refusal does something besides
 */
export async function admitWorkload(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  request: AttestRequest,
  admissions?: Admissions,
): Promise<Admitted> {
  const { judged, findings } = await endingWhatFailed(deps, caller, request, async () => {
    const found = await judgeWorkload(deps, caller, request);
    const made = await findingsOf(deps, found, request);
    if (found.before !== undefined) requireSameMaterial(found.before.copy, made);
    return { judged: found, findings: made };
  });
  await guard(deps, change, judged, findings);
  return admitted(deps, change, caller, { judged, findings, request, admissions });
}

interface Admitting {
  readonly judged: Judged;
  readonly findings: ArtifactFindings;
  readonly request: AttestRequest;
  readonly admissions: Admissions | undefined;
}

/** What was judged must still hold at the commit; an image or a model that is blocked admits nobody. */
async function guard(
  deps: AttestationDeps,
  change: Change,
  { host, entry, of, before }: Judged,
  found: ArtifactFindings,
): Promise<void> {
  requireHost(change, host, deps.clock.now());
  requireEntry(change, entry);
  requireDemands(change, found.demanded);
  const agents = "agent" in of ? [of.agent] : [];
  const blockable = blockedKindsOf(
    agents,
    defined({ image: found.image, model: found.model, configuration: found.configuration }),
  );
  requireAlive(change, await openKeys(deps, blockable));
  if (before === undefined) return;
  requireAlive(change, [...groundOf(before), `instance:${before.instance}`]);
  if ("service" in of) requireActiveService(change, of.service);
  else if (of.agent.status === "active") requireActiveAgent(deps, change, of.agent);
}

async function admitted(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  { judged, findings, request, admissions }: Admitting,
): Promise<Admitted> {
  const { key, of, before, entry } = judged;
  const id = before?.instance ?? newInstance(deps, judged);
  const evidence = keepEvidence(deps, change, caller, id, judged, findings, request);
  const instance = await vouchFor(deps, change, caller, {
    id,
    of,
    jwk: key.jwk,
    strength: "attested-svid",
    expires: expiryOf(deps, judged, entry.ttl),
    evidence,
    admissions,
    ...defined({
      image: findings.image,
      model: findings.model,
      configuration: findings.configuration,
    }),
  });
  keepProcess(change, judged, request, { instance: id, evidence, expires: instance.expires });
  return { instance, evidence, spki: key.spki };
}

const newInstance = (deps: AttestationDeps, { of, entry }: Judged): string => {
  const name = "agent" in of ? of.agent.name : of.service.name;
  return spiffeId(deps.trustDomain, entry.kind, name, newId(deps, "instance")).uri;
};

/** No SVID outlives what vouches for it. Whole seconds, as certificates count them. */
function expiryOf({ clock }: AttestationDeps, { host, of }: Judged, ttl: number): number {
  const agent = "agent" in of ? (of.agent.expires ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  return inSeconds(Math.min(clock.now() + seconds(ttl), host.expires, agent)) * 1000;
}

function keepEvidence(
  deps: AttestationDeps,
  change: Change,
  caller: Caller,
  subject: string,
  { host, entry, before }: Judged,
  { checks }: ArtifactFindings,
  request: AttestRequest,
): Id<"evidence"> {
  const { process, selectors, files, model } = request;
  const by = hostId(deps.trustDomain, host.name).uri;
  const measured: Check[] = [
    { what: "selectors", subject: entry.id, by, result: "passed" },
    ...files.map(({ path }): Check => ({ what: "file", subject: path, by, result: "passed" })),
  ];
  const shown = { host: host.id, entry: entry.id, process, selectors, files, ...defined({ model }) };
  return recordEvidence(deps, change, caller, {
    subject,
    shown: shown as unknown as Json,
    checks: [...measured, ...checks],
    concluded:
      before === undefined ? "the process is a new running copy" : "the process is the same as before",
  });
}

/** The digests on a copy are what blocks hit, so they are never quietly others. */
function requireSameMaterial(instance: Instance, { image, model, configuration }: ArtifactFindings): void {
  const same = instance.image === image && instance.model === model;
  if (same && instance.configuration === configuration) return;
  throw new Fault("forbidden", "The image, the model or a file of this running copy is another one now.", {
    remedy: "Attest the process as a new running copy.",
    members: { reason: "material-changed" },
  });
}

function keepProcess(
  change: Change,
  { host, entry, key, before }: Judged,
  { process }: AttestRequest,
  now: Pick<AttestedProcess, "instance" | "evidence" | "expires">,
): void {
  const record = { host: host.id, entry: entry.id, thumbprint: key.thumbprint, ...process, ...now };
  if (before === undefined) {
    insertProcess(change, record);
    return;
  }
  const earlier = before.thumbprint === key.thumbprint ? before.earlier : before.thumbprint;
  replaceProcess(change, before, { ...record, ...defined({ earlier }) });
}
