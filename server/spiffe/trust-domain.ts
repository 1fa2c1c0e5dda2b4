import type { Json } from "@countersign/proof/jcs";
import { parseSpiffeId, parseTrustDomain } from "@countersign/proof/spiffe-id";
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

const endpointId = z
  .string()
  .max(2_048)
  .refine(isEndpointId, "An endpoint is a workload: its SPIFFE ID has a path.");

/** The bundle itself, or where to fetch it and who answers there: nothing is inferred from anything else. */
export const trustDomainDefinition = z
  .strictObject({
    bundle: z
      .record(z.string(), z.json())
      .optional()
      .describe(
        "A SPIFFE trust bundle (JWKS); beside an endpoint, the one by which that is judged at first.",
      ),
    endpoint: endpoint.optional().describe("Where the bundle is fetched and kept fresh."),
    endpoint_spiffe_id: endpointId
      .optional()
      .describe("Whom the endpoint proves to be (profile https_spiffe); without it, https_web."),
  })
  .refine(isComplete, {
    message:
      "Give the bundle; or its endpoint; or an https endpoint with its SPIFFE ID, and the bundle that it begins with.",
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

interface Said {
  readonly bundle?: unknown;
  readonly endpoint?: string | undefined;
  readonly endpoint_spiffe_id?: string | undefined;
}

function isComplete({ bundle, endpoint, endpoint_spiffe_id: id }: Said): boolean {
  if (id === undefined) return (bundle === undefined) !== (endpoint === undefined);
  return endpoint?.startsWith("https:") === true;
}

function isEndpointId(attackerText: string): boolean {
  try {
    return parseSpiffeId(attackerText).path !== "";
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
