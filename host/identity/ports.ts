import type { Peer } from "../peer/peer.ts";
import type { Attested, Wanted, WorthReading } from "../process/attested.ts";
import type { Upstream } from "../upstream/upstream.ts";

/** The time, and how to be called back. Tests hand in their own. */
export interface HostClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once, after so many milliseconds; returns how to forget it. */
  after(milliseconds: number, call: () => void): () => void;
}

/** What the host tells whoever runs it. Never a key, never an SVID. */
export type HostLog = (
  level: "info" | "warn" | "error",
  message: string,
  about?: Readonly<Record<string, string | number>>,
) => void;

/**
 * Measures a process, now.
 * @param worth whether its program is to be read; always where absent
 * @throws whatever it finds wrong, with a machine-readable `code`: the process gets nothing then
 */
export type Attest = (peer: Peer, wanted: Wanted, worth?: WorthReading) => Promise<Attested>;

/** What identities are made from. */
export interface IdentityDeps {
  readonly upstream: Upstream;
  readonly attest: Attest;
  readonly clock: HostClock;
  /** From 0 up to, but not including, 1: so that what begins together does not go on together. */
  readonly random: () => number;
  readonly log: HostLog;
}

/** Node's own clock. What waits for it keeps no process running. */
export const nodeClock: HostClock = {
  now: () => Date.now(),
  after(milliseconds, call) {
    const timer = setTimeout(call, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
