import assert from "node:assert/strict";
import type { Session } from "./administrator.ts";
import { eventually } from "./chance.ts";
import type { Load } from "./load.ts";
import { sizeOf, verifyOverHttp } from "./log-check.ts";
import { jsonOf } from "./wire.ts";

interface Listed {
  event: { id: string };
  index: number | null;
}

/**
 * Requires that everything which a load was told is done is there, that every event of it enters the log, and
 * that the log holds and continues the last checkpoint that was seen.
 * @param names what the load's teams begin with
 */
export async function requireKept(session: Session, names: string, load: Load): Promise<void> {
  const { teams, events, checkpoint } = load.acknowledged;
  assert.deepEqual(load.strange, [], "an answer was neither done, refused nor unavailable");
  const there = new Set(
    (await session.list<{ name: string }>(`/teams?after=${names}`)).map(({ name }) => name),
  );
  assert.deepEqual(missing(teams, there), [], "acknowledged teams are lost");
  assert(
    (await decidedSince(session, load.began)) >= teams.size,
    "decisions that let teams be made are lost",
  );
  const size = await eventually(5_000, async () => {
    const recorded = await recordedSince(session, [...events].sort()[0]);
    assert.deepEqual(
      missing(events, new Set(recorded.map(({ event }) => event.id))),
      [],
      "acknowledged events are lost",
    );
    const waiting = recorded.filter(({ index }) => index === null).length;
    assert.equal(waiting, 0, "events wait for their place in the log");
    return Math.max(0, ...recorded.map(({ index }) => (index ?? 0) + 1));
  });
  const verified = await verifyOverHttp(session, checkpoint);
  assert(
    verified.size >= size && verified.size >= sizeOf(checkpoint ?? "\n0"),
    "the log is shorter than it was",
  );
}

/** How many registrations have been decided, and recorded, since then. */
async function decidedSince(session: Session, since: number): Promise<number> {
  const replayed = await session.ask("POST", "/policies/replay", {
    which: "active",
    action: "register",
    since,
    limit: 50_000,
  });
  return jsonOf<{ considered: number }>(replayed).considered;
}

const missing = (wanted: ReadonlySet<string>, there: ReadonlySet<string>): string[] =>
  [...wanted].filter((each) => !there.has(each));

/** Refusals from this event on, the first one included. */
async function recordedSince(session: Session, first: string | undefined): Promise<Listed[]> {
  if (first === undefined) return [];
  const before = `${first.slice(0, -1)}${first.endsWith("0") ? "" : "0"}`;
  return session.list<Listed>(`/audit/events?type=request.refused&after=${before}`);
}
