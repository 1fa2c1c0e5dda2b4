import { createServer, type Socket } from "node:net";
import type { HostClock, HostLog, Identities } from "../identity/index.ts";
import type { Peer } from "../peer/peer.ts";
import { type ConnectionLimits, connectionLimits, connectionsOf } from "./connections.ts";
import type { GrpcServer, Served } from "./grpc-server.ts";
import { ratesOf } from "./rates.ts";
import { listenAt } from "./socket.ts";

/** How much all processes of one user may ask, and connect. */
export interface WorkloadApiLimits extends ConnectionLimits {
  /** Requests of one user in a second, and at once after a silence. */
  readonly perSecond: number;
  readonly burst: number;
}

/** What the Workload API is served with. */
export interface WorkloadApiOptions {
  /** Path of the Unix socket. */
  readonly socket: string;
  readonly identities: Identities;
  /** Who is at the other end of a connection that was accepted a moment ago; none ends it. */
  peerOf(socket: Socket): Peer | undefined;
  readonly clock: HostClock;
  readonly log: HostLog;
  readonly limits?: Partial<WorkloadApiLimits>;
}

export interface WorkloadApi {
  readonly socket: string;
  close(): Promise<void>;
}

const RATE = { perSecond: 500, burst: 1_000 };
const GRACE_MS = 500;

/**
 * Serves the SPIFFE Workload API and Envoy's SDS on a Unix socket. Whoever connects is who the kernel says.
 * @throws SocketTaken
 */
export async function serveWorkloadApi(options: WorkloadApiOptions): Promise<WorkloadApi> {
  const { socket: path, identities, clock, log } = options;
  const limits = { ...RATE, ...connectionLimits(), ...options.limits };
  const connections = connectionsOf(identities, { peerOf: options.peerOf, limits, log });
  const rates = ratesOf(limits.perSecond, limits.burst);
  const grpc = new GrpcWhenNeeded({ identities, connections, rates, clock, log });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    if (!connections.accept(socket)) return;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    void grpc.serve(socket);
  });
  await listenAt(server, path);
  return {
    socket: path,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      clock.after(GRACE_MS, () => sockets.forEach((socket) => void socket.destroy()));
      await grpc.drain(GRACE_MS);
      await closed;
      await grpc.close();
    },
  };
}

/** gRPC from the first connection on. Who it is that connects was found out before: that cannot wait. */
class GrpcWhenNeeded {
  readonly #served: Served;
  #opened: Promise<GrpcServer | undefined> | undefined;

  constructor(served: Served) {
    this.#served = served;
  }

  async serve(socket: Socket): Promise<void> {
    this.#opened ??= this.#open();
    const grpc = await this.#opened;
    if (grpc === undefined) socket.destroy();
    else if (!socket.destroyed) grpc.serve(socket);
  }

  async drain(graceMs: number): Promise<void> {
    (await this.#opened)?.drain(graceMs);
  }

  async close(): Promise<void> {
    (await this.#opened)?.close();
  }

  async #open(): Promise<GrpcServer | undefined> {
    try {
      const { openGrpcServer } = await import("./grpc-server.ts");
      return openGrpcServer(this.#served);
    } catch (error) {
      this.#served.log("error", "the Workload API cannot be served", { error: (error as Error).message });
      return undefined;
    }
  }
}
