import { sha256Base64url } from "@countersign/proof/digest";
import { canonicalize, type Json } from "@countersign/proof/jcs";
import { z } from "zod";
import { defined, printableText, shortName } from "../registry/index.ts";
import { type InputSchema, inputSchema } from "./input-schema.ts";
import {
  type AmountDeclaration,
  amountDeclaration,
  contradictionsIn,
  dataLabel,
  type FactDeclaration,
  factDeclaration,
} from "./tool-facts.ts";

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
  /** Labels of the data that its result holds, in alphabetical order. */
  readonly data?: readonly string[] | undefined;
  /** Its result holds content from outside, which may be written to steer an agent. */
  readonly untrusted?: true | undefined;
  /** What a call moves. */
  readonly amount?: AmountDeclaration | undefined;
  /** What the server finds out by itself before a call, in the order of their names. */
  readonly facts?: readonly FactDeclaration[] | undefined;
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

/** The members of a tool's definition; what contradicts itself among them is `toolDefinition`'s to find. */
export const toolMembers = z.strictObject({
  server: shortName,
  name: toolName,
  description: printableText(1_000),
  labels: z
    .array(z.enum(LABELS, { error: `A label is one of ${LABELS.join(", ")}.` }))
    .min(1, "A tool needs a label.")
    .max(4),
  inputSchema,
  data: z.array(dataLabel).max(20).optional(),
  untrusted: z.literal(true).optional(),
  amount: amountDeclaration.optional(),
  facts: z.array(factDeclaration).max(20).optional(),
});

/** What is said of a tool: all of it, each time. A tool without a label is one that no policy on labels sees. */
export const toolDefinition = toolMembers.superRefine((said, context) => {
  for (const { path, message } of contradictionsIn(said as ToolDefinition))
    context.addIssue({ code: "custom", path, message });
});

/** Makes the tool of a definition; lists are put in order, so that their order is no difference. */
export function toolOf(definition: ToolDefinition): Tool {
  const labels = [...new Set(definition.labels)].sort();
  const { server, name, description, inputSchema } = definition;
  const pinned = { server, name, description, labels, inputSchema, ...beyond(definition) };
  return {
    ...pinned,
    identifier: `${server}/${name}`,
    digest: sha256Base64url(canonicalize(pinned as unknown as Json)),
  };
}

/** The members that a definition may do without: those that say nothing are absent. */
function beyond({ data = [], untrusted, amount, facts = [] }: ToolDefinition) {
  const byName = (a: FactDeclaration, b: FactDeclaration): number => (a.name < b.name ? -1 : 1);
  return {
    ...(data.length === 0 ? {} : { data: [...new Set(data)].sort() }),
    ...(untrusted === undefined ? {} : { untrusted }),
    ...(amount === undefined ? {} : { amount }),
    ...(facts.length === 0 ? {} : { facts: facts.map(defined).sort(byName) }),
  };
}
