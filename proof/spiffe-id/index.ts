/** SPIFFE IDs: the names of running agents, services and hosts. */
export {
  parseSpiffeId,
  parseTrustDomain,
  type SpiffeId,
  spiffeId,
  type WorkloadKind,
  workloadOf,
} from "./spiffe-id.ts";
