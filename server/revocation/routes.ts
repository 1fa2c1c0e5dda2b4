import { z } from "zod";
import { cutPage, pageOf, route } from "../http/index.ts";
import { type Caller, Fault, minutes } from "../lib/index.ts";
import { feedAfter, feedHead } from "./feed.ts";
import type { LiveFeed } from "./live-feed.ts";
import type { RevocationDeps } from "./revoke.ts";

export interface RevocationRouteDeps extends RevocationDeps {
  /** One for each process; main opens and closes it. */
  readonly liveFeed: LiveFeed;
}

const place = z.string().regex(/^(0|[1-9][0-9]{0,14})$/, "must be a place in the feed");

const revoked = z.object({
  seq: z.int().describe("Place in the feed: each is one more than the one before."),
  key: z.string().describe("What is dead, as tokens carry it in `rev`."),
});

/** A snapshot may be long, and enforcement points wait for it before they serve. */
const MOST_PER_PAGE = 1_000;

export const revocationSnapshot = route<RevocationRouteDeps>()({
  summary:
    "Everything that is dead, in the order of its revocation. Read all pages, then follow the feed from the last.",
  query: z.strictObject({
    after: place.default("0"),
    limit: z.coerce.number().int().min(1).max(MOST_PER_PAGE).default(MOST_PER_PAGE),
  }),
  answers: { 200: pageOf(revoked).extend({ head: z.int().describe("How far the feed had come.") }) },
  handle: async (deps, _caller, { query }) => {
    const after = Number(query.after);
    const head = await headBeyond(deps, after); // before the page, so that the page holds no less than it says
    const rows = await feedAfter(deps, after, query.limit + 1);
    return { status: 200, body: { ...cutPage(rows, query.limit, ({ seq }) => String(seq)), head } };
  },
});

export const revocationFeed = route<RevocationRouteDeps>()({
  summary:
    "Revocations as server-sent events: `{seq, key}` for each, and at least every two seconds an event `head` with " +
    "`{head, at}`. Without it for ten seconds, rely on no token. Resumes after `Last-Event-ID` or `after`. Ends with " +
    "the token, certificate or session that it was asked for with, a session's after five minutes: come again.",
  query: z.strictObject({ after: place.default("0") }),
  answers: { 200: "text/event-stream" },
  handle: async (deps, { credential, via }, { query, request }) => {
    const after = Number(lastEventId(request.headers["last-event-id"]) ?? query.after);
    await headBeyond(deps, after);
    return {
      status: 200,
      contentType: "text/event-stream",
      headers: { "cache-control": "no-store", "x-accel-buffering": "no" },
      stream: (connection) => void deps.liveFeed.follow(connection, after, until(deps, via, credential)),
    };
  },
});

/**
 * Whoever came in by something of which nobody knows when it ends comes again after a while; so does a session,
 * since nothing is told here when it is closed, or a role is taken away.
 */
function until({ clock }: RevocationDeps, via: Caller["via"], known?: Caller["credential"]) {
  const soon = clock.now() + minutes(5);
  if (known === undefined) return { keys: [], expires: soon };
  return via === "session" ? { ...known, expires: Math.min(known.expires, soon) } : known;
}

/** A client that reconnects repeats its old URL; what it says to have seen last is newer. */
function lastEventId(attackerHeader: string | string[] | undefined): string | undefined {
  if (attackerHeader === undefined) return undefined;
  const read = place.safeParse(attackerHeader);
  if (read.success) return read.data;
  throw new Fault("malformed", "The Last-Event-ID header is not a place in this feed.", {
    remedy: "Send the id of the last event that you have seen, or none.",
  });
}

/**
 * The head, when it is not behind what the follower has seen: a feed that was set back (a restored backup)
 * would give places a second time, and such a follower would never hear of what stands there now.
 */
async function headBeyond(deps: RevocationDeps, after: number): Promise<number> {
  const head = await feedHead(deps);
  if (after <= head) return head;
  throw new Fault(
    "gone",
    "This feed has not come as far as that; it is not the one that was followed before.",
    {
      remedy: "Forget what you know of it and read the snapshot from the beginning.",
    },
  );
}
