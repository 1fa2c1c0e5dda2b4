import type { Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { type Id, seconds } from "../../lib/index.ts";
import { isAnothers } from "./audience.ts";
import { TOKEN_ALGORITHMS, type TokenSource } from "./foreign-token.ts";
import { keysOfIssuer, tokenReview } from "./machine-trust.ts";
import { PRESET_NAMES, presetNamed } from "./presets/index.ts";
import { plainUrl, visible } from "./words.ts";

/** Names what a platform's tokens say. */
export const factName = visible(1, 100);

export const platformDefinition = z
  .strictObject({
    preset: z.enum(PRESET_NAMES),
    issuer: plainUrl.describe("As its tokens name it, exactly."),
    audience: visible(16, 255)
      .refine((audience) => !isAnothers(audience), "Tokens for this audience are made for somebody else.")
      .optional()
      .describe(
        "What tokens for this server are made for: made up by the server, and unguessable, unless said.",
      ),
    algorithms: z.array(z.enum(TOKEN_ALGORITHMS)).min(1).max(5).optional(),
    longest: z
      .int()
      .min(60)
      .max(90_000)
      .optional()
      .describe("The longest life of a token that is taken, in seconds."),
    ...keysOfIssuer,
    review: tokenReview
      .optional()
      .describe("For clusters: asked in place of keys, or besides; only it notices deletions."),
  })
  .refine(({ preset, review }) => review === undefined || preset === "kubernetes", {
    message: "Only clusters review tokens.",
  })
  .refine(({ issuer, audience }) => issuer !== audience, {
    message: "Tokens for this audience are made for the platform itself.",
  })
  .refine(({ preset, longest = 0 }) => seconds(longest) <= presetNamed(preset).most, {
    message: "No honest token of such a platform lives so long.",
  })
  .superRefine(({ preset, issuer }, context) => {
    const why = URL.canParse(issuer) ? presetNamed(preset).whyNot?.(issuer) : undefined;
    if (why !== undefined) context.addIssue({ code: "custom", message: why, path: ["issuer"] });
  });
export type PlatformDefinition = z.output<typeof platformDefinition>;

/** A platform whose word about what runs on it an administrator has decided to take. */
export interface Platform {
  readonly name: string;
  /** Made anew whenever anything about it changes. */
  readonly id: Id<"platform">;
  readonly definition: PlatformDefinition & { readonly audience: string };
  readonly revision: number;
}

/** What tokens must say exactly, to stand for an agent. */
export interface Binding {
  readonly id: Id<"workload">;
  readonly platform: string;
  readonly agent: string;
  readonly claims: Readonly<Record<string, string>>;
  readonly created: number;
}

/** What kills everything that rests on the platform's word as it is taken now. */
export const deadKeyOfPlatform = ({ id }: Pick<Platform, "id">): string => `platform:${id}`;

/** What kills everything that rests on a rule. */
export const deadKeyOfBinding = ({ id }: Pick<Binding, "id">): string => `workload:${id}`;

/** How its tokens are verified. */
export function sourceOf({ name, id, definition }: Platform): TokenSource {
  const { preset, issuer, audience, jwks, jwks_uri, ca, longest, algorithms } = definition;
  const known = presetNamed(preset);
  return {
    name: `platform ${name}`,
    revision: id,
    issuer,
    audience,
    jwks: jwks as Json | undefined,
    jwks_uri,
    ca,
    algorithms: algorithms ?? known.algorithms,
    longest: longest === undefined ? known.longest : seconds(longest),
  };
}
