import { CountersignError } from "../errors.ts";
import type { RevocationFeed } from "../feed.ts";
import type { Judged } from "./judged.ts";
import type { PeerSvid } from "./peer-svid.ts";

/** What has died, as this process hears it: `service.revocations()`. */
export type Revocations = Pick<RevocationFeed, "isDead" | "isFresh" | "onDead">;

/** How often it is looked whether the feed is still heard, in milliseconds. */
const LOOK = 1_000;

/**
 * Refuses whoever is known to be dead, and everybody while that cannot be known.
 * @throws CountersignError
 */
export function requireAlive(revocations: Revocations | undefined, { id, keys }: PeerSvid): void {
  if (revocations === undefined) return;
  if (!revocations.isFresh()) throw deaf();
  if (revocations.isDead(keys)) throw new CountersignError(`${id} has been revoked`);
}

/**
 * Ends the connections of whoever dies, when it is heard, and of everybody when nothing is heard any more.
 * @returns how to stop
 */
export function endingTheDead(revocations: Revocations, judged: Judged): () => void {
  let looking = false;
  const look = (): void => {
    looking = false;
    judged.endWhere(({ keys }) => revocations.isDead(keys), new CountersignError("it has been revoked"));
  };
  const stop = revocations.onDead(() => {
    // A page of the feed tells a thousand at once.
    if (!looking) queueMicrotask(look);
    looking = true;
  });
  const timer = setInterval(() => {
    if (!revocations.isFresh()) judged.endWhere(() => true, deaf());
  }, LOOK).unref();
  return () => {
    stop();
    clearInterval(timer);
  };
}

const deaf = (): CountersignError =>
  new CountersignError("the revocation feed is not heard: nobody can be relied on until it is");
