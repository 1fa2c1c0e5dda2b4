import { z } from "zod";
import { declareEvent, type EventKind } from "../audit/index.ts";

export const transactionIssued = declareEvent(
  "transaction.issued",
  "A service was given a transaction token for a call that it serves.",
  z.object({
    txn: z.string(),
    jti: z.string(),
    tool: z.string(),
    resource: z.string(),
    workload: z.string(),
    expires: z.int(),
  }),
);

export const transactionHandedOn = declareEvent(
  "transaction.handed-on",
  "A workload was given its own token for a transaction that it received.",
  z.object({ txn: z.string(), workload: z.string(), through: z.array(z.string()), expires: z.int() }),
);

export const transactionReceived = declareEvent(
  "transaction.received",
  "A service spent a transaction token, before it changed anything for it.",
  z.object({ txn: z.string(), service: z.string(), tool: z.string(), through: z.array(z.string()) }),
);

export const transactionEvents: readonly EventKind[] = [
  transactionIssued,
  transactionHandedOn,
  transactionReceived,
];
