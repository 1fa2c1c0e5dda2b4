import { z } from "zod";
import { amountDeclaration, dataLabel, FACT_TYPES, LABELS, type Tool, toolOf } from "../catalog/index.ts";
import { ENVIRONMENTS } from "../registry/index.ts";

const givenFact = z.union([
  z.enum(FACT_TYPES).transform((type) => ({ type, equals: undefined })),
  z.strictObject({ type: z.enum(FACT_TYPES), equals: z.string().optional() }),
]);

/** A tool of the tests' own: its labels, its arguments and facts by type, and what else the catalog says. */
export const givenTool = z.strictObject({
  labels: z.array(z.enum(LABELS)).default([]),
  args: z.record(z.string(), z.enum(["integer", "number", "string", "boolean"])).default({}),
  data: z.array(dataLabel).default([]),
  untrusted: z.boolean().default(false),
  /** Those of the server that offers it. */
  environment: z.enum(ENVIRONMENTS).optional(),
  region: z.string().optional(),
  amount: amountDeclaration.optional(),
  facts: z.record(z.string(), givenFact).default({}),
});
export type GivenTool = z.output<typeof givenTool>;

/** The tool as if it were pinned. @param identifier as `server/tool` */
export function exampleTool(identifier: string, given: GivenTool): Tool {
  const [server = "", name = ""] = identifier.split("/");
  const properties = Object.fromEntries(Object.entries(given.args).map(([arg, type]) => [arg, { type }]));
  return toolOf({
    ...{ server, name, description: "", labels: given.labels, data: given.data, amount: given.amount },
    inputSchema: { type: "object", properties },
    untrusted: given.untrusted || undefined,
    facts: Object.entries(given.facts).map(([fact, { type, equals }]) => ({
      ...{ name: fact, type, url: "https://example.com/", pointer: "", equals },
    })),
  });
}
