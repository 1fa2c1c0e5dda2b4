import { append } from "../../audit/index.ts";
import { type Caller, Fault } from "../../lib/index.ts";
import type { AttestationDeps } from "../attestation-deps.ts";
import { RefusedLoudly } from "../attesting.ts";
import { instanceCloned } from "../events-hosts.ts";
import { aboutSubject } from "../record-evidence.ts";
import type { AttestedProcess } from "./attested-process.ts";

/** The key of one process in the hands of another: nothing is issued, and both are named in an alarm. */
export function cloned(
  deps: AttestationDeps,
  caller: Caller,
  { instance, host, pid, started }: AttestedProcess,
  second: Pick<AttestedProcess, "host" | "pid" | "started">,
): RefusedLoudly {
  const claimed_by = { host: second.host, pid: second.pid, started: second.started };
  const fault = new Fault("forbidden", "This key belongs to another process.", {
    remedy: "Make a new key in memory for each process.",
    members: { reason: "key-of-another" },
    record: { instance },
  });
  return new RefusedLoudly(fault, (change) => {
    const body = { instance, host, pid, started, claimed_by };
    append(change, instanceCloned(deps, caller, aboutSubject(instance), body));
  });
}
