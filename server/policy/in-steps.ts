import { setImmediate } from "node:timers/promises";

/** How long work of this room holds the event loop at a time, in milliseconds: decisions must not wait. */
const STEP_MS = 4;

/**
 * Does something to each item and lets everything else go on in between: long work that nobody's decision
 * waits for.
 * @param each must itself take well under a millisecond or two
 */
export async function inSteps<Item>(items: Iterable<Item>, each: (item: Item) => void): Promise<void> {
  let began = performance.now();
  for (const item of items) {
    each(item);
    if (performance.now() - began < STEP_MS) continue;
    await setImmediate();
    began = performance.now();
  }
}
