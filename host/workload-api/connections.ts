import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { type HostLog, type Identities, TooManyProcesses, type Workload } from "../identity/index.ts";
import type { Peer } from "../peer/peer.ts";

/** How many connections there may be: of all, of one user, of one process. */
export interface ConnectionLimits {
  readonly connections: number;
  readonly connectionsOfUser: number;
  readonly connectionsOfProcess: number;
}

/** A connection, and whose it is. */
export interface Connection {
  readonly uid: number;
  readonly workload: Workload;
}

/** Ties each connection to the process at its other end. */
export interface Connections {
  /** Takes a connection in, or ends it. */
  accept(socket: Socket): boolean;
  /** By the name that the connection was given when it was accepted. */
  named(name: string): Connection | undefined;
}

/** A third of the descriptors that this process may open: each connection takes one, and its peer another. */
export function connectionLimits(): ConnectionLimits {
  const most = Math.max(64, Math.min(12_000, Math.floor((mostOpenFiles() - 128) / 3)));
  return {
    connections: most,
    connectionsOfUser: Math.ceil(most / 4),
    connectionsOfProcess: 32,
  };
}

function mostOpenFiles(): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 1_024);
  } catch {
    return 1_024;
  }
}

export function connectionsOf(
  identities: Pick<Identities, "enter">,
  {
    peerOf,
    limits,
    log,
  }: { peerOf(socket: Socket): Peer | undefined; limits: ConnectionLimits; log: HostLog },
): Connections {
  const open = new Map<string, Connection>();
  const counts = new Map<string, number>();
  let last = 0;

  const isFull = (uid: number, pid: number): boolean =>
    open.size >= limits.connections ||
    (counts.get(`uid ${uid}`) ?? 0) >= limits.connectionsOfUser ||
    (counts.get(`pid ${pid}`) ?? 0) >= limits.connectionsOfProcess;

  function count(names: readonly string[], by: 1 | -1): void {
    for (const name of names) {
      const now = (counts.get(name) ?? 0) + by;
      if (now > 0) counts.set(name, now);
      else counts.delete(name);
    }
  }

  /** @returns nothing where there is no room */
  function enter(peer: Peer): Workload | undefined {
    if (isFull(peer.uid, peer.pid)) {
      peer.close();
      return undefined;
    }
    try {
      return identities.enter(peer);
    } catch (cause) {
      if (cause instanceof TooManyProcesses) return undefined;
      throw cause;
    }
  }

  return {
    named: (name) => open.get(name),
    accept(socket) {
      const peer = peerOf(socket);
      const workload = peer && enter(peer);
      if (peer === undefined || workload === undefined) {
        if (peer !== undefined) log("warn", "a connection is turned away", { pid: peer.pid, uid: peer.uid });
        socket.destroy();
        return false;
      }
      const { uid, pid } = peer;
      const counted = [`uid ${uid}`, `pid ${pid}`];
      const name = nameSocket(socket, `connection-${++last}`);
      open.set(name, { uid, workload });
      count(counted, 1);
      socket.once("close", () => {
        open.delete(name);
        count(counted, -1);
        workload.leave();
      });
      return true;
    },
  };
}

/** The one thing about a connection that a call can be asked for is where it came from. */
function nameSocket(socket: Socket, name: string): string {
  Object.defineProperty(socket, "remoteAddress", { value: name });
  Object.defineProperty(socket, "remotePort", { value: undefined });
  return name;
}
