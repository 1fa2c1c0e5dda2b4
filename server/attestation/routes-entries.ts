import { z } from "zod";
import { route } from "../http/index.ts";
import type { ServiceId } from "../lib/index.ts";
import { agentOrRefuse, serviceOrRefuse } from "../registry/index.ts";
import type { AttestationDeps } from "./attestation-deps.ts";
import { type Entry, entrySaid } from "./entries/entry.ts";
import { allEntriesOf } from "./entries/find-entries.ts";
import { type Place, putEntry, removeEntry } from "./entries/put-entry.ts";

const entries = route<AttestationDeps>();

const entryAnswer = z.object({
  id: z.string(),
  name: z.string(),
  selectors: z.array(z.string()),
  hosts: z.array(z.string()),
  files: z.array(z.object({ path: z.string(), role: z.string() })),
  model: z.object({ name: z.string(), path: z.string() }).optional(),
  ttl: z.int(),
  hint: z.string().optional(),
  vouched_by: z.array(z.string()),
  revision: z.int(),
});
const listAnswer = z.object({ items: z.array(entryAnswer) });

const ofAgent = z.strictObject({ name: z.string().max(200) });
const agentEntry = ofAgent.extend({ entry: z.string().max(200) });
const ofService = z.strictObject({ id: z.string().max(200) });
const serviceEntry = ofService.extend({ entry: z.string().max(200) });

const shown = ({ kind: _, principal: __, ...entry }: Entry) => entry;

const placeOfAgent = ({ name, entry }: z.output<typeof agentEntry>): Place => ({
  kind: "agent",
  principal: name,
  name: entry,
});

const placeOfService = ({ id, entry }: z.output<typeof serviceEntry>): Place => ({
  kind: "service",
  principal: id,
  name: entry,
});

export const agentEntryList = entries({
  summary: "Lists which processes, on which machines, are running copies of the agent.",
  params: ofAgent,
  answers: { 200: listAnswer },
  async handle(deps, _caller, { params }) {
    const { name: principal } = await agentOrRefuse(deps, params.name);
    return {
      status: 200,
      body: { items: (await allEntriesOf(deps, { kind: "agent", principal })).map(shown) },
    };
  },
});

export const agentEntryPut = entries({
  summary: "Says which processes, on which machines, are running copies of the agent.",
  params: agentEntry,
  body: entrySaid,
  answers: { 200: entryAnswer },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: shown(await putEntry(deps, caller, { place: placeOfAgent(params), said: body })),
  }),
});

export const agentEntryRemove = entries({
  summary: "Processes of this entry are copies of the agent no more; what they were issued ends.",
  params: agentEntry,
  answers: { 204: "It is removed." },
  async handle(deps, caller, { params }) {
    await removeEntry(deps, caller, placeOfAgent(params));
    return { status: 204 };
  },
});

export const serviceEntryList = entries({
  summary: "Lists which processes, on which machines, are running copies of the service.",
  params: ofService,
  answers: { 200: listAnswer },
  async handle(deps, _caller, { params }) {
    const { id: principal } = await serviceOrRefuse(deps, params.id as ServiceId);
    const items = await allEntriesOf(deps, { kind: "service", principal });
    return { status: 200, body: { items: items.map(shown) } };
  },
});

export const serviceEntryPut = entries({
  summary: "Says which processes, on which machines, are running copies of the service.",
  params: serviceEntry,
  body: entrySaid,
  answers: { 200: entryAnswer },
  handle: async (deps, caller, { params, body }) => ({
    status: 200,
    body: shown(await putEntry(deps, caller, { place: placeOfService(params), said: body })),
  }),
});

export const serviceEntryRemove = entries({
  summary: "Processes of this entry are copies of the service no more; what they were issued ends.",
  params: serviceEntry,
  answers: { 204: "It is removed." },
  async handle(deps, caller, { params }) {
    await removeEntry(deps, caller, placeOfService(params));
    return { status: 204 };
  },
});
