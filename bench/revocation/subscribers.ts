/**
 * Enforcement points in a process of their own: each follows the feed as the SDK does, over a connection of its
 * own. Told of a key, it says when each of them refuses it. `subscribers.ts ISSUER JOIN_TOKEN COUNT`
 */
import { enrol } from "@countersign/sdk";
import { followFeed, type RevocationFeed } from "../../sdk/feed.ts";
import { revocationsOf } from "../../sdk/revocations.ts";
import { fetchFrom } from "../load/fetch-from.ts";

/** Rates are counted by source: none opens more connections than a server lets in at once. */
const SOURCES = 50;
const AT_ONCE = 50;

const [issuer = "", joinToken = "", count = ""] = process.argv.slice(2);
let asked = 0;
const runtime = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  fetch: (url: string | URL | Request, init: RequestInit = {}) =>
    fetchFrom(`127.0.3.${1 + (asked++ % SOURCES)}`, url, init),
};

const instance = await enrol({ issuer, joinToken, runtime });
await instance.actorToken();
const feeds: RevocationFeed[] = [];
while (feeds.length < Number(count)) {
  const some = Array.from({ length: AT_ONCE }, () => followFeed(runtime, revocationsOf(instance)));
  feeds.push(...(await Promise.all(some)));
}
process.send?.("following");

process.on("message", (key: string) => {
  const refusedAt = new Array<number>(feeds.length).fill(0);
  let open = feeds.length;
  const look = (): void => {
    for (const [nth, feed] of feeds.entries()) {
      if (refusedAt[nth] !== 0 || !feed.isDead([key])) continue;
      refusedAt[nth] = performance.timeOrigin + performance.now();
      open -= 1;
    }
    if (open === 0) process.send?.(refusedAt);
    else setTimeout(look, 1);
  };
  look();
  process.send?.("looking");
});
