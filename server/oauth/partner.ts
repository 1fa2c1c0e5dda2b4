import { z } from "zod";
import { principalName, shortName } from "../registry/index.ts";

const address = z
  .string()
  .max(300)
  .refine(
    (text) => URL.canParse(text) && /^https?:\/\/[^?#\s@]+$/.test(text),
    "This is no URL without a query, a fragment and a password.",
  );
const foreignName = z.string().regex(/^[!-~]{1,255}$/, "Use 1 to 255 visible ASCII characters.");

export const partnerName = shortName;
export const partnerSubject = foreignName;

/** An authorization server of another domain, to which our word about people goes. */
export const partnerDefinition = z
  .strictObject({
    /** Its issuer identifier. */
    audience: address,
    /** What may be asked for there: resources that stand in our catalog, too. */
    resources: z.array(address).min(1).max(50),
    /** The agents that may, each with its client id there. */
    clients: z.array(z.strictObject({ agent: principalName, client_id: foreignName })).max(500),
    /**
     * Whether calls may run there that nobody asks us about: where policy wants to know what was called before,
     * there is no other way.
     */
    unseen_calls: z.enum(["allowed", "refused"]).default("refused"),
  })
  .refine(
    ({ clients }) => new Set(clients.map(({ agent }) => agent)).size === clients.length,
    "Each agent has one client id there.",
  );
export type PartnerDefinition = z.output<typeof partnerDefinition>;

export interface Partner extends PartnerDefinition {
  readonly name: string;
  readonly state: "active" | "ended";
  readonly revision: number;
}
