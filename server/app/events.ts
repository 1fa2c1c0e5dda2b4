import { approvalsEvents } from "../approvals/index.ts";
import { attestationEvents } from "../attestation/index.ts";
import { type EventKind, refusalsCounted, requestRefused } from "../audit/index.ts";
import { authzenEvents } from "../authzen/index.ts";
import { catalogEvents } from "../catalog/index.ts";
import { delegationEvents } from "../delegation/index.ts";
import { keysEvents } from "../keys/index.ts";
import { loginEvents } from "../login/index.ts";
import { oauthEvents } from "../oauth/index.ts";
import { policyEvents } from "../policy/index.ts";
import { registryEvents } from "../registry/index.ts";
import { revocationEvents } from "../revocation/index.ts";
import { spiffeEvents } from "../spiffe/index.ts";
import { threatsEvents } from "../threats/index.ts";

/** Every kind of event that can stand in the log: the contract with whoever reads it (`api/events.json`). */
export const events: readonly EventKind[] = [
  [requestRefused, refusalsCounted],
  keysEvents,
  revocationEvents,
  registryEvents,
  catalogEvents,
  loginEvents,
  attestationEvents,
  spiffeEvents,
  delegationEvents,
  policyEvents,
  approvalsEvents,
  authzenEvents,
  oauthEvents,
  threatsEvents,
].flat() as readonly EventKind[];
