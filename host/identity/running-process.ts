import type { Peer } from "../peer/peer.ts";
import { HostRefusal } from "../peer/refusal.ts";
import type { Attested, Wanted, WorthReading } from "../process/attested.ts";
import { EXITED, PID_REUSED, type Refusal, refusalOf } from "./refusal.ts";
import type { Shared } from "./shared.ts";

/** A process, as it can be measured again and again. */
export interface RunningProcess {
  isAlive(): boolean;
  /** Whether it is certain that it will not be that process again. */
  isGone(): boolean;
  /**
   * What is true of it now, or why it is nobody.
   * @throws where it cannot be looked at for the moment: that says nothing about it
   */
  measure(wanted: Wanted, worth?: WorthReading): Promise<Attested | Refusal>;
}

/** Asks of every measurement that it is of this very process, and that the process was there to the end. */
export function runningProcess(
  { turns, attest }: Pick<Shared, "turns" | "attest">,
  peer: Peer,
): RunningProcess {
  const isThis = ({ pid, started }: Attested): boolean => pid === peer.pid && started === peer.started;
  const isGone = (): boolean => peer.isGone?.() ?? !peer.isAlive();
  return {
    isAlive: () => peer.isAlive(),
    isGone,
    async measure(wanted, worth) {
      if (isGone()) return EXITED;
      try {
        const measured = await turns(peer.uid, () => attest(peer, wanted, worth));
        if (isGone()) return EXITED;
        if (!peer.isAlive()) throw new CannotLook();
        return isThis(measured) ? measured : PID_REUSED;
      } catch (cause) {
        if (isOfTheMoment(cause)) throw cause;
        return refusalOf(cause);
      }
    },
  };
}

/** This host, and not the process, is why nothing is known. */
export class CannotLook extends Error {
  override readonly name = "CannotLook";
  override readonly message = "The process cannot be looked at now.";
}

/** No descriptors or memory left, here or on the machine; or `/proc` says nothing of it to this host. */
const MOMENTARY: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE", "ENOMEM", "EAGAIN", "EINTR"]);

function isOfTheMoment(cause: unknown): boolean {
  if (cause instanceof CannotLook) return true;
  if (cause instanceof HostRefusal && cause.code === "unreadable") return true;
  const { code, cause: below } = (cause ?? {}) as { code?: unknown; cause?: unknown };
  return MOMENTARY.has(code) || (below !== undefined && isOfTheMoment(below));
}
