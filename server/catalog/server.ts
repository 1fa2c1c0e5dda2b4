import { z } from "zod";
import { ENVIRONMENTS, type Environment, resourceUrl, shortName, technicalWord } from "../registry/index.ts";
import { type Releasable, release } from "./release.ts";

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
  /** What its tokens tell it besides what it needs to verify them; everything where it is left out. */
  readonly release?: Releasable[];
  /** Whether it takes tokens by which an agent acts for a person; it does where nothing is said. */
  readonly delegated?: boolean;
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
  release: release.optional(),
  delegated: z
    .boolean()
    .optional()
    .describe(
      "Whether it takes tokens by which an agent acts for a person (act); true where it is left out.",
    ),
});
export type ServerDefinition = z.output<typeof serverDefinition>;
