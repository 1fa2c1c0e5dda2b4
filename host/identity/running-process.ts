import type { Peer } from "../peer/peer.ts";
import type { Attested, Wanted, WorthReading } from "../process/attested.ts";
import { EXITED, PID_REUSED, type Refusal, refusalOf } from "./refusal.ts";
import type { Shared } from "./shared.ts";

/** A process, as it can be measured again and again. */
export interface RunningProcess {
  isAlive(): boolean;
  /** What is true of it now, or why it is nobody. */
  measure(wanted: Wanted, worth?: WorthReading): Promise<Attested | Refusal>;
}

/** Asks of every measurement that it is of this very process, and that the process was there to the end. */
export function runningProcess(
  { turns, attest }: Pick<Shared, "turns" | "attest">,
  peer: Peer,
): RunningProcess {
  const isThis = ({ pid, started }: Attested): boolean => pid === peer.pid && started === peer.started;
  return {
    isAlive: () => peer.isAlive(),
    async measure(wanted, worth) {
      if (!peer.isAlive()) return EXITED;
      try {
        const measured = await turns(peer.uid, () => attest(peer, wanted, worth));
        if (!peer.isAlive()) return EXITED;
        return isThis(measured) ? measured : PID_REUSED;
      } catch (cause) {
        return refusalOf(cause);
      }
    },
  };
}
