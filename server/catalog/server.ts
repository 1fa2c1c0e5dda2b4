import { z } from "zod";
import { resourceUrl, shortName } from "../registry/index.ts";

/** A place that offers tools: known to people by its id, to tokens by its resource identifier. */
export interface Server {
  readonly id: string;
  /** Its audience: what stands in the `aud` of tokens for it (RFC 8707). No two servers share one. */
  readonly resource: string;
  /** The team that answers for it. */
  readonly team?: string;
}

/** What is said of a server: all of it, each time. */
export const serverDefinition = z.strictObject({
  id: shortName,
  resource: resourceUrl,
  team: shortName.optional(),
});
export type ServerDefinition = z.output<typeof serverDefinition>;
