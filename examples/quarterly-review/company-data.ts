/** The little that this company knows: machines, invoices, and the reports that were published. */
import type { JsonObject } from "@countersign/proof/jcs";

const machines: readonly JsonObject[] = [
  { id: "web-1", region: "eu-west-1", size: "large", hours: 2160 },
  { id: "web-2", region: "eu-west-1", size: "large", hours: 2160 },
  { id: "batch-7", region: "eu-central-1", size: "huge", hours: 412 },
];

const invoices: readonly JsonObject[] = [
  { id: "INV-2031", month: "2026-07", cents: 418_200 },
  { id: "INV-2054", month: "2026-08", cents: 402_950 },
  { id: "INV-2078", month: "2026-09", cents: 447_310 },
];

const drafts: JsonObject[] = [];
const published: JsonObject[] = [];

type Tool = (args: JsonObject) => JsonObject;

/** Each tool by its identifier. What reaches it has been verified and granted. */
export const tools: ReadonlyMap<string, Tool> = new Map<string, Tool>([
  ["cloud/listMachines", ({ region }) => ({ machines: machines.filter(inRegion(region)) })],
  ["billing/listInvoices", ({ quarter }) => ({ quarter: quarter ?? null, invoices: [...invoices] })],
  ["billing/applyCredit", ({ invoice }) => ({ credited: invoice ?? null })],
  ["reports/writeDraft", (args) => ({ draft: drafts.push(args) })],
  ["reports/publish", (args) => ({ published: published.push(args), ...args })],
]);

const inRegion = (region: JsonObject[string] | undefined) => (machine: JsonObject) =>
  region === undefined || machine.region === region;
