import type { KeyObject } from "node:crypto";

/** How a host is known to the control plane, once it has joined. */
export interface Credential {
  /** Its SPIFFE ID. */
  readonly host: string;
  /** What it is this time. */
  readonly id: string;
  /** Private, P-256. */
  readonly key: KeyObject;
  /** Until when it may attest unless it renews its key, milliseconds since 1970. */
  readonly expires: number;
}
