import { parseSpiffeId, workloadOf } from "@countersign/proof/spiffe-id";
import { append, type PerformDeps } from "../audit/index.ts";
import type { Change } from "../database/index.ts";
import type { Caller } from "../lib/index.ts";
import { svidIssued } from "./events-authority.ts";

export interface IssuedSvid {
  /** SPIFFE ID of whom it is for. */
  readonly instance: string;
  readonly kind: "x509" | "jwt";
  /** Of the certificate, or the jti. */
  readonly serial: string;
  readonly expires: number;
  readonly audience?: readonly string[];
}

/** Tells the log of an SVID, in the change without which it does not leave. */
export function recordSvid(deps: PerformDeps, change: Change, caller: Caller, svid: IssuedSvid): void {
  const { audience, ...facts } = svid;
  const workload = workloadOf(parseSpiffeId(svid.instance));
  const about = workload?.kind === "agent" ? { agent: workload.name } : {};
  const body = { ...facts, ...(audience === undefined ? {} : { audience: [...audience] }) };
  append(change, svidIssued(deps, caller, about, body));
}
