import { isJsonObject, type Json, parseStrict } from "@countersign/proof/jcs";
import { CountersignError, Unreachable } from "./errors.ts";
import type { FeedMessage, FeedSource, Revocation } from "./feed.ts";
import { dpopHeaders, type Instance } from "./instance.ts";
import { readEvents, type ServerSentEvent } from "./server-sent-events.ts";

const pageSize = 1_000;

/** The control plane's revocation feed, read in the name of an enrolled process. */
export function revocationsOf(instance: Instance): FeedSource {
  const { runtime, issuer } = instance;
  return {
    async page(after) {
      const page = await instance.ask("GET", `/revocations?after=${after}&limit=${pageSize}`);
      if (!Array.isArray(page.items)) throw unreadable();
      return { items: page.items.map(parseRevocation), more: page.next !== undefined };
    },
    async *stream(after, signal) {
      const url = issuer.at(`/revocations/feed?after=${after}`);
      const response = await runtime.fetch(url, {
        headers: {
          ...dpopHeaders(instance, await instance.actorToken(), { method: "GET", url }),
          accept: "text/event-stream",
        },
        redirect: "error",
        signal,
      });
      instance.nonces.hear(url, response);
      if (!response.ok || response.body === null) throw new Unreachable("the revocation feed is not open");
      for await (const event of readEvents(response.body)) yield parseMessage(event);
    },
  };
}

function parseRevocation(entry: Json): Revocation {
  const { seq, key } = isJsonObject(entry) ? entry : {};
  if (typeof seq === "number" && Number.isSafeInteger(seq) && typeof key === "string") return { seq, key };
  throw unreadable();
}

const unreadable = (): CountersignError =>
  new CountersignError("the revocation feed holds something that cannot be read");

/** What is not understood ends the stream: it might be a revocation. */
function parseMessage({ event, data }: ServerSentEvent): FeedMessage {
  const content = parseStrict(data);
  if (event === "message") return { kind: "revoked", revocation: parseRevocation(content) };
  const { head, at } = isJsonObject(content) ? content : {};
  if (event === "head" && typeof head === "number" && typeof at === "number")
    return { kind: "head", head, at };
  throw new CountersignError("the revocation feed says something that cannot be read");
}
