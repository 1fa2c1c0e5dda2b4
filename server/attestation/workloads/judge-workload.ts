import { isCovered } from "@countersign/host/selector";
import type { AttestRequest } from "@countersign/host/upstream";
import { type Caller, Fault, type ServiceId } from "../../lib/index.ts";
import {
  agentOrRefuse,
  findInstance,
  type Instance,
  isLive,
  type Proven,
  serviceOrRefuse,
} from "../../registry/index.ts";
import { deadAmong } from "../../revocation/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import type { Entry } from "../entries/entry.ts";
import { entriesWithIds } from "../entries/store-entries.ts";
import { refuseWeak } from "../entries/weak.ts";
import type { Host } from "../hosts/host.ts";
import { livingHost } from "../hosts/live-host.ts";
import { type AttestedProcess, groundOf, isSameProcess } from "./attested-process.ts";
import { cloned } from "./cloned.ts";
import { type KeyShown, keyShownIn } from "./key-shown.ts";
import { processOfInstance, processWithKey } from "./store-processes.ts";

/** A process as its host shows it, and as it is taken: the same one as before, or a new one. */
export interface Judged {
  readonly host: Host;
  readonly entry: Entry;
  readonly key: KeyShown;
  readonly of: Proven["of"];
  /** The record of the same process, where it has been attested before, and its running copy. */
  readonly before?: AttestedProcess & { readonly copy: Instance };
}

/**
 * Judges what a host shows of one process: whether the entry is for this host and this process, whether everything
 * declared was measured, whether whoever asks holds the key, and whether it is the very process that it says.
 * @throws Fault `forbidden`, `not-found`, `gone`, each with its reason; RefusedLoudly for a clone
 */
export async function judgeWorkload(
  deps: AttestationDeps,
  caller: Caller,
  request: AttestRequest,
): Promise<Judged> {
  const host = await livingHost(deps, caller);
  const entry = await entryFor(deps, host, request.entry);
  refuseWeak(entry);
  requireShown(entry, request);
  const key = keyShownIn(request);
  const before = await sameAsBefore(deps, caller, { host, entry, key, request });
  const of = await ownerOf(deps, entry);
  return { host, entry, key, of, ...(before === undefined ? {} : { before }) };
}

/** One that is not for this host is nothing that the host may know of. */
async function entryFor(deps: AttestationDeps, host: Host, attackerId: string): Promise<Entry> {
  const [entry] = await entriesWithIds(deps.database, [attackerId]);
  if (entry !== undefined && isCovered(entry.hosts, host.selectors)) return entry;
  throw refused("not-found", "entry-not-for-host", "There is no such entry for this machine.");
}

/** Everything declared must be among what was measured; what was measured besides says nothing. */
function requireShown(entry: Entry, { selectors, files, model }: AttestRequest): void {
  if (!isCovered(entry.selectors, selectors)) {
    const attested = new Set(selectors);
    const missing = entry.selectors.filter((selector) => !attested.has(selector));
    throw refused("forbidden", "selectors-not-attested", "The process is not what the entry asks for.", {
      missing,
    });
  }
  for (const { path, role } of entry.files) {
    if (files.some((measured) => measured.path === path && measured.role === role)) continue;
    throw refused("forbidden", "file-not-measured", "A declared file was not measured.", { path });
  }
  if (entry.model !== undefined && model?.name !== entry.model.name)
    throw refused("forbidden", "model-not-measured", "The declared model was not measured.");
}

async function ownerOf(deps: AttestationDeps, { kind, principal }: Entry): Promise<Proven["of"]> {
  return kind === "agent"
    ? { agent: await agentOrRefuse(deps, principal) }
    : { service: await serviceOrRefuse(deps, principal as ServiceId) };
}

interface Asked {
  readonly host: Host;
  readonly entry: Entry;
  readonly key: KeyShown;
  readonly request: AttestRequest;
}

/**
 * The record of the process that asks. A key that belongs to another process is a clone's. A host whose answer
 * was lost asks with the same key for the same process again: that is no new copy.
 */
async function sameAsBefore(
  deps: AttestationDeps,
  caller: Caller,
  { host, entry, key, request }: Asked,
): Promise<Judged["before"]> {
  const asking = { host: host.id, ...request.process };
  const holder = await processWithKey(deps.database, key.thumbprint);
  if (holder !== undefined && !isSameProcess(holder, asking)) throw cloned(deps, caller, holder, asking);
  if (request.instance === undefined && holder === undefined) return undefined;
  const before =
    request.instance === undefined ? holder : await processOfInstance(deps.database, request.instance);
  if (before === undefined || !isSameProcess(before, asking)) throw notThisProcess();
  if (holder !== undefined && holder.instance !== before.instance) throw notThisProcess();
  if (before.entry !== entry.id) throw notThisProcess();
  return { ...before, copy: await livingCopy(deps, before) };
}

const notThisProcess = (): Fault =>
  refused("forbidden", "instance-of-another", "This running copy is not that process, or not by this entry.");

/** Ended is for ever: the process has to be attested as a new copy. */
async function livingCopy(deps: AttestationDeps, before: AttestedProcess): Promise<Instance> {
  const instance = await findInstance(deps, before.instance);
  const keys = [`instance:${before.instance}`, ...groundOf(before)];
  const dead = await deadAmong(deps, keys);
  if (instance !== undefined && isLive(instance, deps.clock.now()) && dead.length === 0) return instance;
  throw refused("gone", "instance-ended", "This running copy has ended.");
}

const REMEDIES: Readonly<Record<string, string>> = {
  "entry-not-for-host": "Ask for the entries of this machine.",
  "selectors-not-attested": "Compare the entry with what `countersign host inspect` shows of the process.",
  "file-not-measured": "Have the host measure every file that the entry declares.",
  "model-not-measured": "Have the host measure the model that the entry declares.",
  "instance-of-another": "Attest the process as a new running copy.",
  "instance-ended": "Attest the process as a new running copy, without an instance.",
};

function refused(
  code: "forbidden" | "not-found" | "gone",
  reason: string,
  message: string,
  record: Readonly<Record<string, unknown>> = {},
): Fault {
  const remedy = REMEDIES[reason] ?? "Compare the process with its entry.";
  return new Fault(code, message, { remedy, members: { reason }, record });
}
