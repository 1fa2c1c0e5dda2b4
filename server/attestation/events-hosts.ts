import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";

export const hostJoined = declareEvent(
  "host.joined",
  "A machine proved what it is and joined. Joining again ended what rested on the time before.",
  z.object({
    host: z.string(),
    id: z.string(),
    type: z.string(),
    thumbprint: z.string(),
    expires: z.int(),
    evidence: z.string(),
  }),
);

export const hostRenewed = declareEvent(
  "host.renewed",
  "A machine changed its key before its time was over.",
  z.object({ host: z.string(), id: z.string(), thumbprint: z.string(), expires: z.int() }),
);

export const hostEnded = declareEvent(
  "host.ended",
  "A machine may attest no more, and all that it attested is dead. A banned one does not join again.",
  z.object({ host: z.string(), id: z.string(), banned: z.boolean(), again: z.boolean() }),
);

export const hostCloned = declareEvent(
  "host.cloned",
  "A document of a machine that attests once only was shown a second time: somebody may have copied it.",
  z.object({ host: z.string(), id: z.string(), type: z.string() }),
  "alarm",
);

export const instanceCloned = declareEvent(
  "instance.cloned",
  "The key of a running copy was shown by a second process or machine. Nothing was issued for it.",
  z.object({
    instance: z.string(),
    host: z.string(),
    pid: z.int(),
    started: z.string(),
    /** The second one. */
    claimed_by: z.object({ host: z.string(), pid: z.int(), started: z.string() }),
  }),
  "alarm",
);

const entryFacts = z.object({
  entry: z.string(),
  principal: z.string(),
  name: z.string(),
  selectors: z.array(z.string()),
  hosts: z.array(z.string()),
  files: z.array(z.object({ path: z.string(), role: z.string() })),
  model: z.string().optional(),
  ttl: z.int(),
  vouched_by: z.array(z.string()),
});

export const entryDeclared = declareEvent(
  "entry.declared",
  "It was said which processes, on which machines, are running copies of an agent or service.",
  entryFacts,
);

export const entryRemoved = declareEvent(
  "entry.removed",
  "Processes of an entry are nobody any more; what they were issued ended.",
  z.object({ entry: z.string(), principal: z.string(), name: z.string() }),
);

export const hostEvents: readonly EventKind[] = [
  hostJoined,
  hostRenewed,
  hostEnded,
  hostCloned,
  instanceCloned,
  entryDeclared,
  entryRemoved,
];
