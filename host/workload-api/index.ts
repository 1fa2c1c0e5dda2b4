/**
 * The SPIFFE Workload API on a Unix socket: each call is tied to the process that the kernel names, and answered
 * with what that process has. Envoy's SDS is served beside it. gRPC is
 * loaded when somebody connects.
 */
export {
  serveWorkloadApi,
  type WorkloadApi,
  type WorkloadApiLimits,
  type WorkloadApiOptions,
} from "./serve.ts";
export { DEFAULT_SOCKET, SocketTaken } from "./socket.ts";
