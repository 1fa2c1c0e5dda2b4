import type { Json } from "@countersign/proof/jcs";
import type { z } from "zod";
import { type Caller, type Clock, type Id, newId, type Random } from "../lib/index.ts";

/** What an event is about, so that a task's, an agent's or a person's trail can be found again. */
export interface About {
  readonly task?: string;
  readonly agent?: string;
  readonly person?: string;
}

/** One thing that happened. Its canonical JSON (RFC 8785) is what the log's leaf is the hash of. */
export interface Event {
  readonly id: Id<"event">;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly type: string;
  readonly severity: "info" | "refusal" | "alarm";
  readonly actor: {
    readonly kind: Caller["kind"];
    readonly principal: string;
    readonly instance?: string;
    readonly strength: string;
    readonly via: string;
  };
  readonly about: About;
  readonly body: Json;
}

/** A kind of event, declared once by the room that emits it. Calling it makes an event. */
export interface EventKind<Body extends z.ZodType = z.ZodType> {
  (deps: { clock: Clock; random: Random }, caller: Caller, about: About, body: z.input<Body>): Event;
  readonly type: string;
  readonly meaning: string;
  readonly severity: Event["severity"];
  readonly body: Body;
}

/**
 * Declares a kind of event. The log stores what it is given and knows no kind; each room declares its own.
 * Bodies hold no personal data in clear: people by id, values by commitment (`conceal`).
 * @param type `noun.past-participle`, stable for ever: customers' alerts are built on it
 * @param meaning one sentence for `api/events.json`
 */
export function declareEvent<Body extends z.ZodType>(
  type: `${string}.${string}`,
  meaning: string,
  body: Body,
  severity: Event["severity"] = "info",
): EventKind<Body> {
  const make = (
    deps: { clock: Clock; random: Random },
    caller: Caller,
    about: About,
    given: z.input<Body>,
  ): Event => ({
    id: newId(deps, "event"),
    at: deps.clock.now(),
    type,
    severity,
    actor: actorOf(caller),
    about,
    body: body.parse(given) as Json,
  });
  return Object.assign(make, { type, meaning, severity, body });
}

const actorOf = (caller: Caller): Event["actor"] => ({
  kind: caller.kind,
  principal: caller.principal,
  ...(caller.instance === undefined ? {} : { instance: caller.instance }),
  strength: caller.strength,
  via: caller.via,
});
