import { readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { measureModel } from "../measure/index.ts";
import type { Peer } from "../peer/peer.ts";
import type { ProcessPeer } from "../peer/peer-of.ts";
import { HostRefusal } from "../peer/refusal.ts";
import { type ControlGroup, parseCgroup } from "../proc/cgroup.ts";
import { exited, notShown, readOf, refuseText, statOf, statusOf } from "../proc/read.ts";
import type { Status } from "../proc/status.ts";
import type { Selector } from "../selector/selector.ts";
import type { Attested, MeasuredFile, MeasuredModel, Wanted } from "./attested.ts";
import { type Container, containerOf } from "./container.ts";
import { requireHarmless } from "./environment.ts";
import type { Image } from "./image.ts";
import { find, type Inside, insideOf } from "./inside.ts";
import { measureFile } from "./measured-file.ts";
import { nameOf } from "./names.ts";
import { programRunBy } from "./program.ts";
import { type Owner, type Script, scriptOf } from "./script.ts";
import { unitOf } from "./unit.ts";

/** What else is asked, where it is known. */
export interface Measure {
  /** Digests a model inside the folder that the process sees as `/`; by default each time anew. */
  readonly model?: (model: NonNullable<Wanted["model"]>, root: string) => Promise<MeasuredModel>;
  /** Which image a container runs, by the runtime that started it. */
  readonly imageOf?: (container: string) => Promise<Image | undefined>;
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
    const script = await look(peer, inside, measure, shown);
    const files = await measureFiles(inside, wanted, script);
    const model = await measureWeights(peer, inside, wanted, measure);
    requireStanding(peer);
    const { pid, started } = peer;
    const { selectors, withheld } = shown;
    return {
      pid,
      started,
      selectors: sorted(selectors),
      files,
      ...model,
      ...(withheld.length > 0 ? { withheld } : {}),
    };
  } finally {
    await inside.root.close();
  }
}

/** What has been shown so far, and what was not. */
class Shown {
  readonly selectors: Selector[] = [];
  readonly withheld: HostRefusal[] = [];

  add(kind: string, value: string | number | undefined): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (value !== undefined && !/[\u0000-\u001f\u007f]/.test(String(value)))
      this.selectors.push(`${kind}:${value}`);
  }

  /** Goes on without what is refused. */
  async attempt<T>(look: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof HostRefusal) || WHOLE.has(error.code)) throw error;
      this.withheld.push(error);
      return undefined;
    }
  }
}

/** What is no lack of one selector. */
const WHOLE = new Set([
  "peer_exited",
  "pid_reused",
  "user_changed",
  "program_changed",
  "unreadable",
  "traced",
]);

const sorted = (selectors: readonly Selector[]): Selector[] => [...new Set(selectors)].sort();

/** Who it was that connected, and nobody holds it by the hand. */
function requireStanding(peer: Peer): void {
  const refusal = (peer as Partial<ProcessPeer>).refusal?.();
  if (refusal !== undefined) throw refusal;
  if (!peer.isAlive()) throw exited(peer.pid);
  if (statusOf(peer.pid).tracer !== 0)
    throw new HostRefusal(
      "traced",
      `Process ${peer.pid} is traced: what it does is not its own doing.`,
      "Let go of it with the debugger, and start it again.",
    );
}

async function look(peer: Peer, inside: Inside, measure: Measure, shown: Shown): Promise<Script | undefined> {
  const status = statusOf(peer.pid);
  const groups = groupsOf(peer.pid);
  const unit = unitOf(groups);
  shown.add("systemd:unit", unit?.unit);
  shown.add("systemd:user_unit", unit?.userUnit);
  const container = await shown.attempt(() => containerOf(groups));
  if (container === undefined && isInOurs(peer.pid, "pid")) showUser(peer, status, shown);
  else showUserInside(peer, status, shown);
  if (container !== undefined) await shown.attempt(() => showContainer(container, measure, shown));
  showParent(peer, shown);
  const owner = { uid: peer.uid, groups: [peer.gid, ...status.groups] };
  return shown.attempt(() => showProgram(peer, owner, inside, shown));
}

function groupsOf(pid: number): readonly ControlGroup[] {
  const groups = parseCgroup(readOf(pid, "cgroup"));
  if (groups === undefined) throw refuseText(pid, "cgroup");
  return groups;
}

function showUser(peer: Peer, status: Status, shown: Shown): void {
  shown.add("unix:uid", peer.uid);
  shown.add("unix:user", nameOf("user", peer.uid));
  shown.add("unix:gid", peer.gid);
  shown.add("unix:group", nameOf("group", peer.gid));
  for (const gid of status.groups) {
    shown.add("unix:supplementary_gid", gid);
    shown.add("unix:supplementary_group", nameOf("group", gid));
  }
}

/** In a container its root chooses users by their number: that this machine has one of that number says nothing. */
function showUserInside(peer: Peer, status: Status, shown: Shown): void {
  shown.add("container:uid", peer.uid);
  for (const gid of new Set([peer.gid, ...status.groups])) shown.add("container:gid", gid);
}

/** For whoever reads it: a process can get itself another parent by losing the one that it has. */
function showParent(peer: Peer, shown: Shown): void {
  try {
    const { parent } = statOf(peer.pid);
    if (parent > 0) shown.add("process:parent_path", readlinkSync(`/proc/${parent}/exe`));
  } catch {
    // It is gone, or not for us to see: then there is none to tell of.
  }
}

async function showContainer({ id, pod }: Container, measure: Measure, shown: Shown): Promise<void> {
  shown.add("container:id", id);
  shown.add("k8s:pod_uid", pod);
  const image = await measure.imageOf?.(id);
  shown.add("container:image_config_digest", image?.config);
  for (const digest of image?.manifests ?? []) shown.add("container:image_digest", digest);
  shown.add("k8s:ns", image?.kubernetes?.namespace);
  shown.add("k8s:pod_name", image?.kubernetes?.pod);
  shown.add("k8s:container_name", image?.kubernetes?.container);
}

/** An interpreter's own path and digest identify nobody, so they are shown under names that say so. */
async function showProgram(
  peer: Peer,
  owner: Owner,
  inside: Inside,
  shown: Shown,
): Promise<Script | undefined> {
  requireOwnNamespace(peer);
  const program = await programRunBy(peer, inside);
  if (program.interpreter !== undefined) {
    shown.add("process:interpreter", program.interpreter);
    shown.add("process:interpreter_path", program.path);
    shown.add("process:interpreter_sha256", program.sha256);
  }
  requireHarmless(await environmentOf(peer), program.interpreter);
  if (program.interpreter === undefined) {
    shown.add("unix:path", program.path);
    shown.add("unix:sha256", program.sha256);
    return undefined;
  }
  const script = await scriptOf(peer, owner, inside, program.interpreter);
  shown.add("process:script", script.path);
  shown.add("process:script", script.real);
  shown.add("process:script_sha256", script.sha256);
  return script;
}

/** Whoever made a user namespace may there tell the kernel that it runs another program than it does. */
function requireOwnNamespace({ pid }: Peer): void {
  if (isInOurs(pid, "user")) return;
  throw new HostRefusal(
    "foreign_user_namespace",
    "It runs in a user namespace, whose owner may pretend there to run any program.",
    "Name its user on this machine, its unit or its container instead.",
  );
}

/** Whether it is in the same namespace as this host. */
function isInOurs(pid: number, kind: "user" | "pid"): boolean {
  const [its, ours] = [pid, "self"].map((each) => {
    try {
      return readlinkSync(`/proc/${each}/ns/${kind}`);
    } catch (error) {
      throw notShown(pid, error);
    }
  });
  return its === ours;
}

async function environmentOf({ pid }: Peer): Promise<readonly string[]> {
  const bytes = await readFile(`/proc/${pid}/environ`).catch((error) => {
    throw notShown(pid, error);
  });
  return bytes.toString("utf8").split("\0");
}

async function measureFiles(
  inside: Inside,
  { files }: Wanted,
  script: Script | undefined,
): Promise<readonly MeasuredFile[]> {
  const measured: MeasuredFile[] = [];
  for (const declared of files) {
    if (declared.role === "script" && script?.path !== declared.path && script?.real !== declared.path)
      throw new HostRefusal(
        "script_differs",
        `It is not shown to run ${declared.path}, which is declared to be its script.`,
        "`countersign host inspect` shows what it is known to run, or why that is not known.",
      );
    measured.push(await measureFile(inside, declared));
  }
  return measured;
}

async function measureWeights(
  peer: Peer,
  inside: Inside,
  { model }: Wanted,
  measure: Measure,
): Promise<{ model?: MeasuredModel }> {
  if (model === undefined) return {};
  await find(inside, model.path);
  const digest = measure.model ?? ((of, root) => measureModel(of, { root }));
  return { model: await digest(model, `/proc/${peer.pid}/root`) };
}
