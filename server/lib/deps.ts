import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import type { Random } from "./random.ts";

/** What every room is handed. Rooms extend it with what they need; nothing is ambient. */
export interface Deps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}
