import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { printableText, shortName } from "../registry/index.ts";
import { type InputSchema, inputSchema } from "./input-schema.ts";

/** What a tool does to the world. Policies speak of tools by these. */
export const LABELS = ["read", "write", "destructive", "external"] as const;
export type Label = (typeof LABELS)[number];

/** What a tool's author says of it: the bytes that its pin is the hash of. */
export interface ToolDefinition {
  /** Id of the server that offers it. */
  readonly server: string;
  readonly name: string;
  readonly description: string;
  /** In alphabetical order, each once. */
  readonly labels: readonly Label[];
  readonly inputSchema: InputSchema;
}

/** A tool as pinned: what was looked at is what agents may call. */
export interface Tool extends ToolDefinition {
  /** `server/name`, as grants and policies name it. */
  readonly identifier: string;
  /** Base64url of SHA-256 over the definition's canonical JSON (RFC 8785). */
  readonly digest: string;
}

/** The name of a tool, as the server gives it: a grant names it exactly, so it has no pattern in it. */
const toolName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    "A tool's name has letters, digits, . _ and - only, 64 at most.",
  );

/** What is said of a tool: all of it, each time. A tool without a label is one that no policy on labels sees. */
export const toolDefinition = z.strictObject({
  server: shortName,
  name: toolName,
  description: printableText(1_000),
  labels: z
    .array(z.enum(LABELS, { error: `A label is one of ${LABELS.join(", ")}.` }))
    .min(1, "A tool needs a label.")
    .max(4),
  inputSchema,
});

/** Makes the tool of a definition; labels are put in order, so that their order is no difference. */
export function toolOf(definition: ToolDefinition): Tool {
  const labels = [...new Set(definition.labels)].sort();
  const { server, name, description, inputSchema } = definition;
  const pinned = { server, name, description, labels, inputSchema };
  return {
    ...pinned,
    identifier: `${server}/${name}`,
    digest: sha256Base64url(canonicalize(pinned as unknown as Json)),
  };
}
