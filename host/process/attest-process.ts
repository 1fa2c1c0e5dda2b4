import { measureModel } from "../measure/index.ts";
import type { Peer } from "../peer/peer.ts";
import type { ProcessPeer } from "../peer/peer-of.ts";
import { HostRefusal } from "../peer/refusal.ts";
import { exited, statusOf, statusOfThreads } from "../proc/read.ts";
import { onlyId, type Status } from "../proc/status.ts";
import type { Attested, MeasuredFile, MeasuredModel, Wanted, WorthReading } from "./attested.ts";
import { find, type Inside, insideOf, mountsOf, requireFilesBelow } from "./inside.ts";
import { ownerOf } from "./may-write.ts";
import { measureFile } from "./measured-file.ts";
import type { Script } from "./script.ts";
import { type ImageOf, showPlace } from "./show-place.ts";
import { showProgram } from "./show-program.ts";
import { Shown } from "./shown.ts";

/** What else is asked, where it is known. */
export interface Measure {
  /** Digests a model inside the folder that the process sees as `/`; by default each time anew. */
  readonly model?: (model: NonNullable<Wanted["model"]>, root: string) => Promise<MeasuredModel>;
  /** Asks the runtime that started a container. */
  readonly imageOf?: ImageOf;
  /** By default its program is read in any case: that takes as long as its user likes. */
  readonly worth?: WorthReading;
}

/**
 * Measures a process: what the kernel, the machine's runtime and the files themselves say of it. What cannot be
 * shown is withheld, with the reason, and an entry that rests on it does not match; what makes everything about
 * the process doubtful (it is traced, another program by now, gone) is a refusal of the whole.
 * @throws HostRefusal
 */
export async function attestProcess(peer: Peer, wanted: Wanted, measure: Measure = {}): Promise<Attested> {
  requireStanding(peer);
  const inside = await insideOf(peer.pid);
  try {
    const shown = new Shown();
    const status = statusOf(peer.pid);
    await showPlace(peer, status, measure.imageOf, shown);
    if (measure.worth?.(shown.told().selectors) === false) return unread(peer, shown);
    const script = await look(peer, status, inside, shown);
    const files = await measureFiles(inside, wanted, script);
    const model = await measureWeights(peer, inside, wanted, measure);
    requireStanding(peer);
    return { pid: peer.pid, started: peer.started, ...shown.told(), files, ...model };
  } finally {
    await inside.root.close();
  }
}

function unread(peer: Peer, shown: Shown): Attested {
  requireStanding(peer);
  return { pid: peer.pid, started: peer.started, ...shown.told(), files: [], unread: true };
}

/** The script that it is shown to run; or why none is. */
async function look(
  peer: Peer,
  status: Status,
  inside: Inside,
  shown: Shown,
): Promise<Script | HostRefusal | undefined> {
  const before = shown.withheld.length;
  const owner = ownerOf(peer, status);
  const script = await shown.attempt(() => showProgram(peer, owner, inside, shown));
  return script ?? shown.withheld[before];
}

/** Who it was that connected, and nobody holds it by the hand. */
function requireStanding(peer: Peer): void {
  const refusal = (peer as Partial<ProcessPeer>).refusal?.();
  if (refusal !== undefined) throw refusal;
  if (!peer.isAlive()) throw exited(peer.pid);
  for (const thread of statusOfThreads(peer.pid)) requireItsOwn(peer, thread);
}

/** Each thread of it: one that is traced, or acts as somebody else, may write into the memory of all. */
function requireItsOwn({ pid, uid, gid }: Peer, { tracer, uids, gids }: Status): void {
  if (tracer !== 0)
    throw new HostRefusal(
      "traced",
      `Process ${pid} is traced: what it does is not its own doing.`,
      "Let go of it with the debugger, and start it again.",
    );
  if (onlyId(uids) !== uid || onlyId(gids) !== gid)
    throw new HostRefusal(
      "user_changed",
      `A thread of process ${pid} acts, or can act, as another user or group.`,
      "Change user for good, in all threads, before connecting.",
    );
}

async function measureFiles(
  inside: Inside,
  { files }: Wanted,
  script: Script | HostRefusal | undefined,
): Promise<readonly MeasuredFile[]> {
  const measured: MeasuredFile[] = [];
  for (const declared of files) {
    if (declared.role === "script") requireRun(declared.path, script);
    measured.push(await measureFile(inside, declared));
  }
  return measured;
}

function requireRun(path: string, script: Script | HostRefusal | undefined): void {
  if (script instanceof HostRefusal) throw script;
  if (script?.path === path || script?.real === path) return;
  throw new HostRefusal(
    "script_differs",
    `It does not run ${path}, which is declared to be its script.`,
    "`countersign host inspect` shows what it runs.",
  );
}

async function measureWeights(
  peer: Peer,
  inside: Inside,
  { model }: Wanted,
  measure: Measure,
): Promise<{ model?: MeasuredModel }> {
  if (model === undefined) return {};
  await find(inside, model.path);
  requireFilesBelow(inside.mounts, model.path);
  const digest = measure.model ?? ((of, root) => measureModel(of, { root }));
  const measured = await digest(model, `/proc/${peer.pid}/root`);
  requireFilesBelow(mountsOf(peer.pid), model.path);
  return { model: measured };
}
