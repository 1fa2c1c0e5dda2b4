import { type StatusObject, status } from "@grpc/grpc-js";
import type { Standing } from "../identity/index.ts";

/** How a call ends that was not answered. */
export type Failure = Pick<StatusObject, "code" | "details">;

export const invalid = (details: string): Failure => ({ code: status.INVALID_ARGUMENT, details });

export const NO_HEADER = invalid("Send the metadata workload.spiffe.io: true with every request.");

export const OVERLOADED: Failure = {
  code: status.UNAVAILABLE,
  details: "Too many requests of this user; wait a while.",
};

export const NOT_OFFERED: Failure = {
  code: status.UNIMPLEMENTED,
  details: "WIT-SVIDs are not offered here; ask for X.509- or JWT-SVIDs.",
};

/** Why is in the host's log: whoever probes learns nothing from the answer. */
export const failureOf = (standing: Exclude<Standing, { kind: "served" }>): Failure =>
  standing.kind === "away"
    ? { code: status.UNAVAILABLE, details: "Identities cannot be issued just now; try again." }
    : {
        code: status.PERMISSION_DENIED,
        details: "No identity is issued to this process; the log of its host says why.",
      };

export const INTERNAL: Failure = { code: status.INTERNAL, details: "The host failed; its log says why." };

export const UNIMPLEMENTED: Failure = { code: status.UNIMPLEMENTED, details: "This is not offered here." };
