import type { Session } from "./administrator.ts";
import { pause } from "./chance.ts";
import { type Address, jsonOf, type WireAnswer } from "./wire.ts";

const WRITERS = 8;

/** What clients have been told is done: none of it may ever be missing. */
export interface Acknowledged {
  readonly teams: Set<string>;
  /** Events that recorded refusals. */
  readonly events: Set<string>;
  /** The newest signed checkpoint that was shown. */
  checkpoint: string | undefined;
}

export interface Load {
  /** Milliseconds since the epoch. */
  readonly began: number;
  readonly acknowledged: Acknowledged;
  /** Answers that are neither done, refused nor unavailable. */
  readonly strange: readonly string[];
  /** How many were told that the store is away. */
  readonly unavailable: () => number;
  /** The longest that anybody waited for an answer, in milliseconds. */
  readonly slowest: () => number;
  stop(): Promise<void>;
}

/**
 * Writers beside each other, who register teams and have requests refused, and a reader of checkpoints.
 * A connection that breaks is tried again until the load is stopped.
 * @param names begins the names of this load's teams, and no other's
 * @param addresses the servers that the writers share; the session's own unless said
 */
export function startLoad(session: Session, names: string, addresses?: readonly Address[]): Load {
  const acknowledged: Acknowledged = { teams: new Set(), events: new Set(), checkpoint: undefined };
  const strange: string[] = [];
  let [stopped, unavailable, slowest] = [false, 0, 0];
  const began = Date.now();

  const sessions = addresses?.map((address) => session.at(address)) ?? [session];
  const at = (turn: number): Session => sessions[turn % sessions.length] ?? session;

  const asked = async (there: Session, method: string, path: string, body?: unknown) => {
    const began = performance.now();
    const answer = await there.ask(method, path, body).catch(() => undefined);
    slowest = Math.max(slowest, performance.now() - began);
    if (answer?.status === 503) unavailable += 1;
    if (answer === undefined || answer.status === 503) await pause(20);
    return answer?.status === 503 ? undefined : answer;
  };
  const write = async (writer: number): Promise<void> => {
    for (let turn = 0; !stopped; turn++) {
      const name = `${names}-w${writer}-${String(turn).padStart(5, "0")}`;
      const refuse = turn % 3 === 2;
      const body = { lead: session.person, zone: refuse ? "Nowhere/None" : "UTC" };
      const answer = await asked(at(writer), "PUT", `/teams/${name}`, body);
      if (answer !== undefined) note(answer, name, refuse);
    }
  };
  const note = (answer: WireAnswer, name: string, refuse: boolean): void => {
    const event = refuse ? jsonOf<{ event?: string }>(answer).event : undefined;
    if (!refuse && answer.status === 200) acknowledged.teams.add(name);
    else if (event !== undefined && answer.status < 500) acknowledged.events.add(event);
    else strange.push(`${answer.status} ${answer.body}`);
  };
  const watch = async (): Promise<void> => {
    while (!stopped) {
      const answer = await asked(at(0), "GET", "/audit/checkpoint");
      if (answer?.status === 200) acknowledged.checkpoint = answer.body.toString("utf8");
      await pause(30);
    }
  };
  const running = [...Array.from({ length: WRITERS }, (_, writer) => write(writer)), watch()];
  return {
    began,
    acknowledged,
    strange,
    unavailable: () => unavailable,
    slowest: () => slowest,
    async stop() {
      stopped = true;
      await Promise.all(running);
    },
  };
}
