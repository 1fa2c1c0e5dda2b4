import { createServer, type Socket } from "node:net";
import { Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import type { HostClock, HostLog, Identities } from "../identity/index.ts";
import type { Peer } from "../peer/peer.ts";
import { secretsService } from "../sds/index.ts";
import { admissionBy } from "./admission.ts";
import { type ConnectionLimits, connectionLimits, connectionsOf } from "./connections.ts";
import { methodsOf } from "./methods.ts";
import { serviceOf } from "./proto.ts";
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
/** No request is larger: a JWT-SVID that somebody wants validated is the longest thing in one. */
const MOST_BYTES = 65_536;
const GRACE_MS = 500;

const BOUNDS = {
  "grpc.max_receive_message_length": MOST_BYTES,
  "grpc.max_concurrent_streams": 100,
  "grpc.enable_channelz": 0,
};

/**
 * Serves the SPIFFE Workload API and Envoy's SDS on a Unix socket. Whoever connects is who the kernel says.
 * @throws SocketTaken
 */
export async function serveWorkloadApi(options: WorkloadApiOptions): Promise<WorkloadApi> {
  const { socket: path, identities, clock, log } = options;
  const limits = { ...RATE, ...connectionLimits(), ...options.limits };
  const now = (): number => clock.now();
  const connections = connectionsOf(identities, { peerOf: options.peerOf, limits, log });
  const admission = admissionBy(connections, { rates: ratesOf(limits.perSecond, limits.burst), now, log });
  const grpc = new Server(BOUNDS);
  const methods = methodsOf({ identities, now }, admission) as unknown as UntypedServiceImplementation;
  grpc.addService(serviceOf(["workload.proto"], "SpiffeWorkloadAPI"), methods);
  const secrets = secretsService(admission, log);
  grpc.addService(secrets.definition, secrets.methods);
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    if (!connections.accept(socket)) return;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    injector.injectConnection(socket);
  });
  await listenAt(server, path);
  return {
    socket: path,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      injector.drain(GRACE_MS);
      clock.after(GRACE_MS, () => sockets.forEach((socket) => void socket.destroy()));
      await closed;
      injector.destroy();
      grpc.forceShutdown();
    },
  };
}
