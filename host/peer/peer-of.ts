import { closeSync } from "node:fs";
import type { Socket } from "node:net";
import { exited, notShown, programOf, statOf, statusOf, thisBoot } from "../proc/read.ts";
import type { Stat } from "../proc/stat.ts";
import { onlyId } from "../proc/status.ts";
import { watchExit } from "./exits.ts";
import { hasExited, isKernelKnown, peerCredentials, peerPidfd, pidfdOpen } from "./kernel.ts";
import { requireOwnConnection } from "./own-connection.ts";
import type { Peer } from "./peer.ts";
import { HostRefusal, type RefusalCode } from "./refusal.ts";

/** A peer that can say why it proves nothing any more. */
export interface ProcessPeer extends Peer {
  /** Undefined while it is who it was, running what it ran. */
  refusal(): HostRefusal | undefined;
}

/**
 * Who is at the other end of a Unix socket. To be called as soon as it is accepted, before anything is awaited:
 * the program that it runs now is the one that it must keep running.
 * @param tell hears why there is none
 * @see unix(7) SO_PEERCRED, SO_PEERPIDFD
 */
export function peerOf(socket: Socket, tell?: (why: HostRefusal) => void): ProcessPeer | undefined {
  try {
    return connectedAt((socket as { _handle?: { fd?: number } })._handle?.fd ?? -1);
  } catch (error) {
    if (!(error instanceof HostRefusal)) throw error;
    tell?.(error);
    return undefined;
  }
}

/**
 * The process with a pid, for whoever looks at it and not for whoever connected: nobody has proven to be it.
 * @throws HostRefusal
 */
export function processWith(pid: number): ProcessPeer {
  requireKernel();
  const pidfd = pidfdOpen(pid);
  if (pidfd < 0) throw exited(pid);
  return closingOnRefusal(pidfd, () => {
    const { uids, gids } = statusOf(pid);
    return watchedPeer(pidfd, { pid, uid: uids[1], gid: gids[1] });
  });
}

function connectedAt(fd: number): ProcessPeer {
  requireKernel();
  const credentials = peerCredentials(fd);
  if (credentials === undefined || credentials.pid <= 0)
    throw new HostRefusal(
      "peer_invisible",
      "The kernel names no process at the other end.",
      "Run the host in the machine's own pid namespace, and serve it on a Unix socket.",
    );
  const raceless = peerPidfd(fd);
  const pidfd = raceless >= 0 ? raceless : pidfdOpen(credentials.pid);
  if (pidfd < 0) throw exited(credentials.pid);
  return closingOnRefusal(pidfd, () =>
    watchedPeer(pidfd, credentials, () => requireOwnConnection(fd, credentials.pid)),
  );
}

function requireKernel(): void {
  if (!isKernelKnown())
    throw new HostRefusal("kernel_unsupported", "Processes can be attested on Linux only.");
}

function closingOnRefusal<T>(pidfd: number, attempt: () => T): T {
  try {
    return attempt();
  } catch (error) {
    closeSync(pidfd);
    throw error;
  }
}

interface Credentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * @param requireMore asked between two looks at its program, so that it holds of that very program
 * @throws HostRefusal unless it runs now as who connected
 */
function watchedPeer(
  pidfd: number,
  credentials: Credentials,
  requireMore: () => void = () => undefined,
): ProcessPeer {
  const stat = statOf(credentials.pid);
  const first: Seen = { started: startOf(stat), program: programOf(credentials.pid, stat) };
  requireMore();
  const refused = standing(pidfd, credentials, first);
  if (refused !== undefined) throw refused;
  return peerWith(pidfd, credentials, first);
}

function peerWith(pidfd: number, credentials: Credentials, first: Seen): ProcessPeer {
  const watches = new Set<() => void>();
  let closed = false;
  const refusal = (): HostRefusal | undefined =>
    closed ? exited(credentials.pid) : standing(pidfd, credentials, first);
  return {
    ...credentials,
    started: first.started,
    refusal,
    isAlive: () => refusal() === undefined,
    isGone: () => GONE.has(refusal()?.code ?? "unreadable"),
    onExit: (gone) => {
      if (closed || hasExited(pidfd)) setImmediate(gone);
      else watches.add(watchExit(pidfd, gone));
    },
    close: () => {
      for (const stop of watches) stop();
      watches.clear();
      if (!closed) closeSync(pidfd);
      closed = true;
    },
  };
}

/** After these it will not be who it was again; any other refusal may be of the moment. */
const GONE: ReadonlySet<RefusalCode> = new Set([
  "peer_exited",
  "pid_reused",
  "user_changed",
  "program_changed",
]);

interface Seen {
  readonly started: string;
  readonly program: string;
}

const startOf = (stat: Stat): string => `${thisBoot()}:${stat.startTicks}`;

/**
 * Why it is no longer who it was. Its descriptor is asked last: while it has not exited, no other process had
 * its pid, so all that was read before was read of this one.
 */
function standing(pidfd: number, { pid, uid, gid }: Credentials, first: Seen): HostRefusal | undefined {
  try {
    const stat = statOf(pid);
    if (startOf(stat) !== first.started)
      return new HostRefusal("pid_reused", `Process ${pid} is another one by now.`);
    const { uids, gids } = statusOf(pid);
    const program = programOf(pid, stat);
    const isOver = hasExited(pidfd);
    if (isOver !== false) return isOver ? exited(pid) : notShown(pid, undefined);
    if (onlyId(uids) !== uid || onlyId(gids) !== gid) return userChanged(pid);
    return program === first.program ? undefined : programChanged(pid);
  } catch (error) {
    if (error instanceof HostRefusal) return hasExited(pidfd) ? exited(pid) : error;
    throw error;
  }
}

const userChanged = (pid: number): HostRefusal =>
  new HostRefusal(
    "user_changed",
    `Process ${pid} can act as another user or group than the one that connected.`,
    "Change user for good (real, effective and saved) before connecting, or start it as that user.",
  );

const programChanged = (pid: number): HostRefusal =>
  new HostRefusal(
    "program_changed",
    `Process ${pid} has executed another program since it connected.`,
    "Let the program that is to be attested connect by itself.",
  );
