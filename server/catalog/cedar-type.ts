import type { ArgumentType, InputSchema } from "./input-schema.ts";

/** A type in Cedar's JSON schema, as far as we use it. */
export type CedarType =
  | { type: "String" | "Long" | "Boolean"; required?: boolean }
  | { type: "Extension"; name: "decimal"; required?: boolean }
  | { type: "Set"; element: CedarType; required?: boolean }
  | { type: "Record"; attributes: Record<string, CedarType>; required?: boolean }
  | { type: "EntityOrCommon"; name: string; required?: boolean };

const SCALARS = {
  integer: { type: "Long" },
  number: { type: "Extension", name: "decimal" },
  string: { type: "String" },
  boolean: { type: "Boolean" },
} as const;

/**
 * The Cedar type of an argument: integer -> Long, number -> decimal, array -> Set, object -> Record.
 * @returns nothing for what Cedar cannot type: a list of who knows what, an object of unknown members
 */
export function cedarType(argument: ArgumentType): CedarType | undefined {
  if (argument.type === "array") {
    const element = argument.items === undefined ? undefined : cedarType(argument.items);
    return element === undefined ? undefined : { type: "Set", element };
  }
  if (argument.type === "object")
    return argument.properties === undefined ? undefined : argumentsRecord(argument);
  return { ...SCALARS[argument.type] };
}

/**
 * All arguments as one record, every one optional: when a token is issued the arguments are not known yet,
 * so a policy that reads one has to ask first whether it is there (`context.args has amount && …`).
 */
export function argumentsRecord({ properties = {} }: Partial<InputSchema>): CedarType & { type: "Record" } {
  const attributes: Record<string, CedarType> = {};
  for (const [name, argument] of Object.entries(properties).sort(byName)) {
    const type = cedarType(argument);
    if (type !== undefined) attributes[name] = { ...type, required: false };
  }
  return { type: "Record", attributes };
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);
