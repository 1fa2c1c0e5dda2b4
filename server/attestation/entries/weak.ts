import { weaknessOf } from "@countersign/host/selector";
import { Fault } from "../../lib/index.ts";
import type { Entry } from "./entry.ts";

/**
 * Refuses an entry that would let in processes that it does not mean: above all one that rests on an interpreter
 * alone, which runs any script. Says what to add.
 * @throws Fault `invalid`, with the reason
 */
export function refuseWeak({ selectors }: Pick<Entry, "selectors">): void {
  const weakness = selectors.length === 0 ? undefined : weaknessOf(selectors);
  if (weakness === undefined) return;
  throw new Fault("invalid", `This entry would let in too many. ${weakness.why}`, {
    remedy: `Add one of these: ${weakness.suggest.join(", ")}.`,
    members: { reason: weakness.code, suggest: weakness.suggest },
  });
}
