import { HostRefusal } from "../peer/refusal.ts";
import type { ControlGroup } from "../proc/cgroup.ts";

/** In which container a process runs, by the control group that the machine's own runtime put it into. */
export interface Container {
  /** 64 hex digits. */
  readonly id: string;
  /** Of Kubernetes, where it is in one: the pod's UID. */
  readonly pod?: string;
}

/** Services whose own control groups are named by the runtime, not by whom they run. */
const RUNTIMES = new Set([
  "docker.service",
  "containerd.service",
  "crio.service",
  "podman.service",
  "kubelet.service",
]);

/** `<id>`, `docker-<id>.scope`, `cri-containerd-<id>.scope`, `<slice>:cri-containerd:<id>`; never a monitor's own. */
const CONTAINER = /^(?:(?!.*conmon)[a-z][a-z-]*-|[^:]*:[a-z-]+:)?([0-9a-f]{64})(?:\.scope)?$/;
const POD =
  /^(?:kubepods[a-z-]*-)?pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?$/;

/**
 * Which container these control groups name. The outermost one: what runs inside may name groups below its own.
 * Below a unit of a user's, and below any service that is not a runtime, the names are that user's word.
 * @throws HostRefusal `container_ambiguous`, `container_by_user`
 */
export function containerOf(groups: readonly ControlGroup[]): Container | undefined {
  const ruled = groups.map(({ path }) => path.slice(0, endOfRule(path)));
  const found = ruled.flatMap((path) => outermost(path) ?? []);
  const [first, ...more] = found;
  if (more.some(({ id, pod }) => id !== first?.id || pod !== first.pod))
    throw new HostRefusal("container_ambiguous", "Its control groups name several containers.");
  if (first === undefined && groups.some(({ path }) => outermost(path) !== undefined)) throw byUser();
  return first;
}

/** Up to where root or root's runtime has named the groups. */
function endOfRule(path: readonly string[]): number {
  const service = path.findIndex((part) => part.endsWith(".service") && !RUNTIMES.has(part));
  const above = path.indexOf("..");
  return Math.min(...[service, above].map((at) => (at < 0 ? path.length : at)));
}

function outermost(path: readonly string[]): Container | undefined {
  const at = path.findIndex((part) => CONTAINER.test(part));
  if (at < 0) return undefined;
  const id = CONTAINER.exec(path[at] ?? "")?.[1] ?? "";
  const isKubernetes = path.slice(0, at + 1).some((part) => part.startsWith("kubepods"));
  const pod = isKubernetes ? podIn(path.slice(0, at), path[at] ?? "") : undefined;
  return pod === undefined ? { id } : { id, pod };
}

function podIn(above: readonly string[], own: string): string | undefined {
  const named = [...above, own.split(":")[0] ?? ""].flatMap((part) => POD.exec(part)?.[1] ?? []);
  return named.at(-1)?.replaceAll("_", "-");
}

const byUser = (): HostRefusal =>
  new HostRefusal(
    "container_by_user",
    "The container's control group is below one that its user may fill with any names.",
    "Run it by the machine's own runtime, or name its systemd unit or its user instead.",
  );
