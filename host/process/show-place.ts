import { readlinkSync } from "node:fs";
import type { Peer } from "../peer/peer.ts";
import { type ControlGroup, parseCgroup } from "../proc/cgroup.ts";
import { isInOurs } from "../proc/namespace.ts";
import { readOf, refuseText, statOf } from "../proc/read.ts";
import type { Status } from "../proc/status.ts";
import { type Container, containerOf } from "./container.ts";
import type { Image } from "./image.ts";
import { nameOf } from "./names.ts";
import type { Shown } from "./shown.ts";
import { unitOf } from "./unit.ts";

/** Which image a container runs, by the runtime that started it. */
export type ImageOf = (container: string) => Promise<Image | undefined>;

/** Shows as whom a process runs, under which unit and in which container. */
export async function showPlace(
  peer: Peer,
  status: Status,
  imageOf: ImageOf | undefined,
  shown: Shown,
): Promise<void> {
  const groups = groupsOf(peer.pid);
  const unit = unitOf(groups);
  shown.add("systemd:unit", unit?.unit);
  shown.add("systemd:user_unit", unit?.userUnit);
  const container = await shown.attempt(() => containerOf(groups));
  const isInSome =
    container !== undefined || shown.withheld.some(({ code }) => code === "container_ambiguous");
  if (!isInSome && isInOurs(peer.pid, "pid")) showUser(peer, status, shown);
  else showUserInside(peer, status, shown);
  if (container !== undefined) await shown.attempt(() => showContainer(container, imageOf, shown));
  showParent(peer, shown);
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

async function showContainer(
  { id, pod }: Container,
  imageOf: ImageOf | undefined,
  shown: Shown,
): Promise<void> {
  shown.add("container:id", id);
  shown.add("k8s:pod_uid", pod);
  const image = await imageOf?.(id);
  shown.add("container:image_config_digest", image?.config);
  for (const digest of image?.manifests ?? []) shown.add("container:image_digest", digest);
  shown.add("k8s:ns", image?.kubernetes?.namespace);
  shown.add("k8s:pod_name", image?.kubernetes?.pod);
  shown.add("k8s:container_name", image?.kubernetes?.container);
}
