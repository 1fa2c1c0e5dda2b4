import type { TraceEvent } from "@countersign/proof/trace";
import { findEvents } from "../audit/index.ts";
import type { DatabaseDeps } from "../database/index.ts";
import { Fault } from "../lib/index.ts";

const PER_PAGE = 500;

/** The most events that one answer is made from, so that no question can fill the memory. */
export const MOST_EVENTS = 20_000;

/**
 * All events about something, oldest first, a page at a time.
 * @param most how many there may be
 * @throws Fault `too-large` when there are more
 */
export async function readEvents(
  deps: DatabaseDeps,
  about: { task?: string; person?: string; type?: string },
  most = MOST_EVENTS,
): Promise<TraceEvent[]> {
  const events: TraceEvent[] = [];
  let after: string | undefined;
  do {
    const page = await findEvents(deps.database, { ...about, after, limit: PER_PAGE });
    events.push(...page.map(({ body }) => JSON.parse(body) as TraceEvent));
    if (events.length > most) throw tooMany(most);
    after = page.length < PER_PAGE ? undefined : page.at(-1)?.id;
  } while (after !== undefined);
  return events;
}

const tooMany = (most: number): Fault =>
  new Fault("too-large", `There are more than ${most} events about this: more than one answer can hold.`, {
    remedy: "Read the events themselves, page by page, from the audit log.",
  });
