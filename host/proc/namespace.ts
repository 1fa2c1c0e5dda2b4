import { readlinkSync } from "node:fs";
import { notShown } from "./read.ts";

/** Whether it is in the same namespace as this host. */
export function isInOurs(pid: number, kind: "user" | "pid"): boolean {
  const [its, ours] = [pid, "self"].map((each) => {
    try {
      return readlinkSync(`/proc/${each}/ns/${kind}`);
    } catch (error) {
      throw notShown(pid, error);
    }
  });
  return its === ours;
}
