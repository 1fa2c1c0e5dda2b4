import type { Metadata } from "@grpc/grpc-js";
import type { HostLog, Workload } from "../identity/index.ts";
import type { Connections } from "./connections.ts";
import type { Rates } from "./rates.ts";
import { type Failure, INTERNAL, NO_HEADER, OVERLOADED } from "./status.ts";

/** What of a call says whose it is. */
interface Call {
  readonly metadata: Metadata;
  getPeer(): string;
}

/** What stands before every method. */
export interface Admission {
  /** Lets a call through that has the header and is within its user's rate. */
  admit(call: Call, run: (workload: Workload) => unknown, refuse: (failure: Failure) => void): void;
  /** Without asking for the header: Envoy's requests have none. */
  admitProxy(call: Call, run: (workload: Workload) => unknown, refuse: (failure: Failure) => void): void;
}

export function admissionBy(
  connections: Pick<Connections, "named">,
  { rates, now, log }: { rates: Rates; now: () => number; log: HostLog },
): Admission {
  function admitProxy(
    call: Call,
    run: (workload: Workload) => unknown,
    refuse: (failure: Failure) => void,
  ): void {
    const connection = connections.named(call.getPeer());
    if (connection === undefined || !rates(connection.uid, now())) refuse(OVERLOADED);
    else void attempt(() => run(connection.workload), refuse);
  }

  async function attempt(run: () => unknown, refuse: (failure: Failure) => void): Promise<void> {
    try {
      await run();
    } catch (cause) {
      log("error", "a request of a process failed", { why: String(cause) });
      refuse(INTERNAL);
    }
  }

  return {
    admitProxy,
    admit(call, run, refuse) {
      const header = call.metadata.get("workload.spiffe.io");
      if (header.length === 1 && header[0] === "true") admitProxy(call, run, refuse);
      // What costs an answer counts, whatever the answer is.
      else admitProxy(call, () => refuse(NO_HEADER), refuse);
    },
  };
}
