import { type Address, jsonOf, send } from "./wire.ts";

/** The part of JSON Schema that the API's description uses. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
}

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
}

interface Described {
  readonly operationId: string;
  readonly "x-callers": readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

/** One endpoint, as a running server describes it. */
export interface Operation {
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  readonly id: string;
  readonly callers: readonly string[];
  readonly pathParameters: readonly string[];
  readonly queryParameters: readonly string[];
  readonly body?: { readonly contentType: string; readonly schema: Schema };
  /** Whether it answers pages of items. */
  readonly isList: boolean;
}

/** Reads `/openapi.json`. */
export async function operationsOf(server: Address): Promise<Operation[]> {
  const answer = await send(server, { method: "GET", path: "/openapi.json" });
  const { paths } = jsonOf<{ paths: Record<string, Record<string, Described>> }>(answer);
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => operationOf(method.toUpperCase(), path, described)),
  );
}

function operationOf(method: string, path: string, described: Described): Operation {
  const { operationId: id, parameters = [], requestBody, responses } = described;
  const [content] = Object.entries(requestBody?.content ?? {});
  const named = (place: Parameter["in"]): string[] =>
    parameters.filter((parameter) => parameter.in === place).map(({ name }) => name);
  const answered = responses[200]?.content?.["application/json"]?.schema;
  return {
    method,
    path,
    id,
    callers: described["x-callers"],
    pathParameters: [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => String(name)),
    queryParameters: named("query"),
    ...(content === undefined ? {} : { body: { contentType: content[0], schema: content[1].schema } }),
    isList: method === "GET" && named("query").includes("limit") && answered?.properties?.items !== undefined,
  };
}

/** A path with its parameters filled in; `fill` answers what is put there as it is. */
export const pathOf = ({ path }: Pick<Operation, "path">, fill: (name: string) => string): string =>
  path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => fill(name));

/** Endpoints whose answers are event streams: they do not end. */
export const isStream = ({ path }: Pick<Operation, "path">): boolean => path.endsWith("/feed");
