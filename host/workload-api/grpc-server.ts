import type { Socket } from "node:net";
import { Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import type { HostClock, HostLog, Identities } from "../identity/index.ts";
import { secretsService } from "../sds/index.ts";
import { admissionBy } from "./admission.ts";
import type { Connections } from "./connections.ts";
import { methodsOf } from "./methods.ts";
import { serviceOf } from "./proto.ts";
import type { Rates } from "./rates.ts";

/** What answers on connections that were accepted elsewhere. */
export interface GrpcServer {
  /** Takes a connection over, with whatever has arrived on it. */
  serve(socket: Socket): void;
  /** Begins no more streams, and ends those that are open after so many milliseconds. */
  drain(graceMs: number): void;
  close(): void;
}

export interface Served {
  readonly identities: Identities;
  readonly connections: Connections;
  readonly rates: Rates;
  readonly clock: HostClock;
  readonly log: HostLog;
}

/** No request is larger: a JWT-SVID that somebody wants validated is the longest thing in one. */
const MOST_BYTES = 65_536;

const BOUNDS = {
  "grpc.max_receive_message_length": MOST_BYTES,
  "grpc.max_concurrent_streams": 100,
  "grpc.enable_channelz": 0,
};

/**
 * The Workload API and Envoy's SDS as gRPC speaks them. Importing this loads gRPC and what reads its contracts:
 * imported when somebody connects, so that a machine on which nobody does goes without.
 */
export function openGrpcServer({ identities, connections, rates, clock, log }: Served): GrpcServer {
  const now = (): number => clock.now();
  const admission = admissionBy(connections, { rates, now, log });
  const grpc = new Server(BOUNDS);
  const methods = methodsOf({ identities, now }, admission) as unknown as UntypedServiceImplementation;
  grpc.addService(serviceOf(["workload.proto"], "SpiffeWorkloadAPI"), methods);
  const secrets = secretsService(admission, log);
  grpc.addService(secrets.definition, secrets.methods);
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    serve: (socket) => injector.injectConnection(socket),
    drain: (graceMs) => injector.drain(graceMs),
    close() {
      injector.destroy();
      grpc.forceShutdown();
    },
  };
}
