import { z } from "zod";
import { ENVIRONMENTS, type Environment, resourceUrl, shortName, technicalWord } from "../registry/index.ts";

/** A place that offers tools: known to people by its id, to tokens by its resource identifier. */
export interface Server {
  readonly id: string;
  /** Its audience: what stands in the `aud` of tokens for it (RFC 8707). No two servers share one. */
  readonly resource: string;
  /** The team that answers for it. */
  readonly team?: string;
  /** Where it stands, for policies that keep environments and regions apart. */
  readonly environment?: Environment;
  readonly region?: string;
}

/** What is said of a server: all of it, each time. */
export const serverDefinition = z.strictObject({
  id: shortName,
  resource: resourceUrl,
  team: shortName.optional(),
  environment: z
    .enum(ENVIRONMENTS, { error: `The environment is one of ${ENVIRONMENTS.join(", ")}.` })
    .optional(),
  region: technicalWord.optional(),
});
export type ServerDefinition = z.output<typeof serverDefinition>;
