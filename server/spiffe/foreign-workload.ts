import { parseSpiffeId } from "@countersign/proof/spiffe-id";
import { z } from "zod";
import type { AgentName, Id, ServiceId } from "../lib/index.ts";

/** Whom of ours a workload of another trust domain stands for. */
export interface ForeignWorkload {
  readonly id: Id<"workload">;
  readonly trustDomain: string;
  /** A SPIFFE ID exactly, or the beginning of many, which ends in a slash. */
  readonly spiffeId: string;
  readonly stands: { readonly agent: AgentName } | { readonly service: ServiceId };
  readonly created: number;
}

/** What dies when the registration is removed. */
export const deadKeyOfWorkload = ({ id }: Pick<ForeignWorkload, "id">): string => `workload:${id}`;

export const foreignId = z
  .string()
  .max(1_000)
  .refine(
    isForeignId,
    "This is neither a SPIFFE ID with a path nor the beginning of one that ends in a slash.",
  );

export const workloadRegistration = z
  .strictObject({
    id: foreignId.describe("A SPIFFE ID, or the beginning of many, which ends in a slash."),
    agent: z.string().max(200).optional(),
    service: z.string().max(200).optional().describe("A service's id (service_…)."),
  })
  .refine(({ agent, service }) => (agent === undefined) !== (service === undefined), {
    message: "Name either an agent or a service.",
  });
export type WorkloadRegistration = z.input<typeof workloadRegistration>;

/** All that a registration could say for this SPIFFE ID to be meant by it, the most exact first. */
export function registrationsFor(uri: string): string[] {
  const { trustDomain, path } = parseSpiffeId(uri);
  const segments = path.split("/").slice(1, -1);
  const beginnings = segments.map((_, i) => `spiffe://${trustDomain}/${segments.slice(0, i + 1).join("/")}/`);
  return [uri, ...beginnings.reverse()];
}

/** A whole trust domain never stands for one of ours: a beginning has a segment at least. */
function isForeignId(attackerText: string): boolean {
  try {
    return parseSpiffeId(attackerText.replace(/\/$/, "")).path !== "";
  } catch {
    return false;
  }
}
