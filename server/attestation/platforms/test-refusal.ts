/** For tests only: refusals by their reason. */
import { Fault } from "../../lib/index.ts";
import type { Reason } from "./refused.ts";

export const refusedFor = (reason: Reason) => (error: unknown) => {
  if (error instanceof Fault && error.members.reason === reason && error.record.reason === reason)
    return true;
  throw error;
};
