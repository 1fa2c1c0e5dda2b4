import { formatVkey } from "@countersign/proof/checkpoint";
import { proveEvent } from "@countersign/proof/log";
import { z } from "zod";
import { cutPage, pageOf, pageQuery, route } from "../http/index.ts";
import { Fault } from "../lib/index.ts";
import { logFiles } from "./log-files.ts";
import type { SequencerDeps } from "./sequencer.ts";
import { findEvent, findEvents } from "./store.ts";

export type AuditRouteDeps = SequencerDeps;

/** The log's name and its newest public key, in the form of C2SP signed-note. */
function keyOf({ checkpointSigner }: AuditRouteDeps): { origin: string; vkey: string } {
  const [newest] = checkpointSigner.keys();
  if (newest === undefined) throw new TypeError("a log has a key");
  return { origin: checkpointSigner.name, vkey: formatVkey(newest) };
}

const eventAnswer = z.object({
  event: z.unknown().describe("The event, as its canonical bytes say."),
  index: z.int().nullable().describe("Its place in the log; null until the next checkpoint."),
});

/** Text and bytes that verifiers read are immutable or signed: they may be kept by the reader. */
const PLAIN = "text/plain; charset=utf-8";

export const auditKey = route<AuditRouteDeps>()({
  summary: "The log's name and public key (C2SP signed-note vkey). Pin it: a log is verified with it alone.",
  answers: { 200: z.object({ origin: z.string(), vkey: z.string() }) },
  handle: async (deps) => ({ status: 200, body: keyOf(deps) }),
});

export const auditCheckpoint = route<AuditRouteDeps>()({
  summary: "The newest signed checkpoint of the log (C2SP tlog-checkpoint).",
  answers: { 200: "The signed note, text/plain." },
  handle: async (deps) => ({ status: 200, contentType: PLAIN, body: await logFiles(deps).checkpoint() }),
});

export const auditTile = route<AuditRouteDeps>()({
  summary: "A tile of hashes or a bundle of entries (C2SP tlog-tiles).",
  params: z.strictObject({ "*": z.string().max(200) }),
  answers: { 200: "The bytes, application/octet-stream." },
  handle: async (deps, _caller, { params }) => ({
    status: 200,
    contentType: "application/octet-stream",
    body: Buffer.from(await logFiles(deps).tile(`tile/${params["*"]}`)),
  }),
});

export const auditEvents = route<AuditRouteDeps>()({
  summary: "Events, oldest first, by what they are about.",
  query: z.strictObject({
    ...pageQuery,
    task: z.string().max(100).optional(),
    agent: z.string().max(100).optional(),
    person: z.string().max(100).optional(),
    type: z.string().max(100).optional(),
  }),
  answers: { 200: pageOf(eventAnswer) },
  async handle(deps, _caller, { query }) {
    const rows = await findEvents(deps.database, { ...query, limit: query.limit + 1 });
    const { items, next } = cutPage(rows, query.limit, (row) => row.id);
    const events = items.map((row) => ({ event: JSON.parse(row.body), index: row.leaf }));
    return { status: 200, body: { items: events, ...(next === undefined ? {} : { next }) } };
  },
});

export const auditEvidence = route<AuditRouteDeps>()({
  summary:
    "One event with the proof that it stands in the signed log: verified offline, without this server.",
  params: z.strictObject({ event: z.string().max(100) }),
  answers: { 200: z.record(z.string(), z.unknown()) },
  async handle(deps, _caller, { params }) {
    const event = await findEvent(deps.database, params.event);
    if (event === undefined)
      throw new Fault("not-found", "There is no such event.", { remedy: "Check the id." });
    if (event.leaf === null) {
      throw new Fault("conflict", "The event enters the log at the next checkpoint.", {
        remedy: "Ask again in a second.",
      });
    }
    const known = keyOf(deps);
    return { status: 200, body: await proveEvent(logFiles(deps), event.leaf, known) };
  },
});
