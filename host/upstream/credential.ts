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
  /** The next key, where it may be the machine's already: it was asked for, and no answer has come. */
  readonly pending?: KeyObject;
}

/** As it is where the answer was lost. Its time is at least that of the one before. */
export function withPending({ pending, ...rest }: Credential): Credential | undefined {
  return pending === undefined ? undefined : { ...rest, key: pending };
}
