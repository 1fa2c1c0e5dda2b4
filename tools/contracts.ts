/** Writes the contracts in api/ from what the code says; with --check only tells whether they agree. */
import { readFileSync, writeFileSync } from "node:fs";
import { endpoints, events } from "@countersign/server";
import { z } from "zod";
import { cedarSchemaOf } from "../server/catalog/index.ts";
import { openapi } from "../server/http/index.ts";

const version = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  .version as string;

/** Every contract by its file name. */
export function contracts(): Record<string, object> {
  const described = [...events]
    .sort((a, b) => (a.type < b.type ? -1 : 1))
    .map((kind) => {
      const { $schema: _, ...body } = z.toJSONSchema(kind.body, {
        io: "output",
        unrepresentable: "any",
      }) as Record<string, unknown>;
      return { type: kind.type, severity: kind.severity, meaning: kind.meaning, body };
    });
  return {
    // The schema of decisions before any tool is pinned; each tool adds an action of its own.
    "schema.cedarschema.json": cedarSchemaOf([]).schema,
    "openapi.json": openapi(endpoints, { title: "Countersign", version }),
    "events.json": { events: described },
  };
}

/** The pinned text of a contract. */
export const pinned = (contract: object): string => `${JSON.stringify(contract, null, 2)}\n`;

export const pathOf = (name: string): URL => new URL(`../api/${name}`, import.meta.url);

if (process.argv[1]?.endsWith("contracts.ts")) {
  for (const [name, contract] of Object.entries(contracts())) writeFileSync(pathOf(name), pinned(contract));
}
