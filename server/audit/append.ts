import { canonicalize, type Json } from "@countersign/proof/jcs";
import type { Change } from "../database/index.ts";
import { Fault, type Id } from "../lib/index.ts";
import type { Event } from "./event.ts";
import { insertEvent } from "./store.ts";

/** The most a leaf may hold, so that it fits the entry bundles of C2SP tlog-tiles (a 16-bit length). */
const MOST_BYTES = 65_535;

/**
 * Adds an event to the change that it describes: neither exists without the other.
 * The event enters the tree at the next checkpoint, at most a second after its commit.
 */
export function append(change: Change, event: Event): Id<"event"> {
  const canonical = canonicalize(event as unknown as Json);
  if (Buffer.byteLength(canonical) > MOST_BYTES) {
    throw new Fault("too-large", "This request is too large to be recorded, so it cannot be carried out.", {
      remedy: "Split it into smaller ones.",
    });
  }
  insertEvent(change, event, canonical);
  change.announce("events");
  return event.id;
}
