/** A host as it runs: joined to the control plane, and serving the Workload API to the processes of its machine. */
export { type HostOptions, type RunningHost, runHost } from "./run-host.ts";
