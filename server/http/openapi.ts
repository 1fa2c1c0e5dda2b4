import { z } from "zod";
import type { Endpoint } from "./endpoint.ts";
import { CONTENT_TYPES } from "./parse.ts";
import type { Dialect } from "./route.ts";

/** The API's description (OpenAPI 3.1), made from the table of endpoints and the schemas of its routes. */
export function openapi<D>(
  endpoints: readonly Endpoint<D>[],
  info: { title: string; version: string },
): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const endpoint of endpoints) {
    const path = endpoint.path.replaceAll(/:([a-z_]+)/gi, "{$1}").replaceAll("*", "{path}");
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(endpoint) };
  }
  return { openapi: "3.1.0", info, paths, components: { schemas: { Problem: PROBLEM } } };
}

const PROBLEM = {
  type: "object",
  required: ["type", "title", "status", "detail"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    remedy: { type: "string" },
    event: { type: "string", description: "The event that recorded the refusal." },
  },
};

function operation<D>({ route, who, audit }: Endpoint<D>): object {
  return {
    operationId: audit,
    summary: route.summary,
    "x-callers": who,
    ...parameters(route.params, route.query),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { [CONTENT_TYPES[route.encoding ?? "json"]]: { schema: schemaOf(route.body) } },
          },
        }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, answer]) => [status, response(answer)]),
      ),
      default: refusalIn(route.faults),
    },
  };
}

function refusalIn(faults: Dialect = "problem"): object {
  const description = "A refusal: what, why, and what to do next.";
  if (faults === "page") return { description, content: { "text/html": { schema: { type: "string" } } } };
  if (faults === "plain")
    return { description, content: { "application/json": { schema: { type: "string" } } } };
  return {
    description,
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  };
}

function response(answer: z.ZodType | string): object {
  if (typeof answer === "string") return { description: answer };
  return { description: "Done.", content: { "application/json": { schema: schemaOf(answer, "output") } } };
}

function parameters(params: z.ZodType | undefined, query: z.ZodType | undefined): object {
  const all = [...parametersIn("path", params), ...parametersIn("query", query)];
  return all.length === 0 ? {} : { parameters: all };
}

function parametersIn(place: "path" | "query", schema: z.ZodType | undefined): object[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema) as {
    properties?: Record<string, object>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: property,
  }));
}

function schemaOf(schema: z.ZodType, io: "input" | "output" = "input"): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" }) as Record<
    string,
    unknown
  >;
  return rest;
}
