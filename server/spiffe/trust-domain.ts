import type { Json } from "@countersign/proof/jcs";
import { parseTrustDomain } from "@countersign/proof/spiffe-id";
import { z } from "zod";
import type { Id } from "../lib/index.ts";

/** A trust domain whose word is taken: its bundle, and where a newer one is fetched. */
export interface TrustDomain {
  /** Made anew whenever it is: removing it kills what rests on it, and what comes later is another one. */
  readonly id: Id<"domain">;
  readonly name: string;
  /** Where its bundle is fetched, unless an administrator brings it. */
  readonly endpoint?: string;
  /** The SPIFFE ID that the endpoint proves (profile `https_spiffe`); without one it is `https_web`. */
  readonly endpointId?: string;
  /** The bundle as it came. */
  readonly document: Json;
  /** When the bundle came that stands here. */
  readonly updated: number;
  readonly revision: number;
}

/** What dies when a trust domain is removed. */
export const deadKeyOfDomain = ({ id }: Pick<TrustDomain, "id">): string => `trust-domain:${id}`;

export const trustDomainName = z
  .string()
  .max(255)
  .refine(isTrustDomain, "This is not the name of a trust domain.");

const endpoint = z
  .string()
  .max(500)
  .refine(isEndpoint, "An endpoint is an https URL without user name or fragment.");

/** The bundle itself, or where to fetch it: nothing is inferred, and one of the two is true. */
export const trustDomainDefinition = z
  .strictObject({
    bundle: z.record(z.string(), z.json()).optional().describe("A SPIFFE trust bundle (JWKS)."),
    endpoint: endpoint
      .optional()
      .describe("Of the profile https_web: the bundle is fetched here and kept fresh."),
  })
  .refine(({ bundle, endpoint }) => (bundle === undefined) !== (endpoint === undefined), {
    message: "Give either the bundle or its endpoint.",
  });
export type TrustDomainDefinition = z.input<typeof trustDomainDefinition>;

/** SPIFFE would let a name begin with a dot or an underscore, which nobody's does. */
function isTrustDomain(attackerName: string): boolean {
  try {
    return parseTrustDomain(attackerName) === attackerName && /^[a-z0-9]/.test(attackerName);
  } catch {
    return false;
  }
}

/** Whether plain http to this machine is fine, whoever sends the request decides. */
function isEndpoint(attackerUrl: string): boolean {
  if (!URL.canParse(attackerUrl) || attackerUrl.includes("#")) return false;
  const { protocol, username, password } = new URL(attackerUrl);
  return (protocol === "https:" || protocol === "http:") && username === "" && password === "";
}
