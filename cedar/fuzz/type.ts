/** The types of Cedar values, as the generators know them. */
export type CedarType =
  | { readonly kind: "Bool" | "Long" | "String" }
  | { readonly kind: Extension }
  | { readonly kind: "Entity"; readonly name: string }
  | { readonly kind: "Set"; readonly element: CedarType }
  | RecordType;

export interface RecordType {
  readonly kind: "Record";
  readonly attributes: ReadonlyMap<string, Attribute>;
}

export interface Attribute {
  readonly type: CedarType;
  readonly required: boolean;
}

export type Extension = (typeof EXTENSIONS)[number];

export const EXTENSIONS = ["decimal", "ipaddr", "datetime", "duration"] as const;

export const BOOL: CedarType = { kind: "Bool" };
export const LONG: CedarType = { kind: "Long" };
export const STRING: CedarType = { kind: "String" };
export const PRIMITIVES = [BOOL, LONG, STRING] as const;

export const entityType = (name: string): CedarType => ({ kind: "Entity", name });
export const setOf = (element: CedarType): CedarType => ({ kind: "Set", element });

/** Whether a value is of an extension type: its JSON and its methods are special. */
export const isExtension = (type: CedarType): type is { kind: Extension } =>
  (EXTENSIONS as readonly string[]).includes(type.kind);

/** Equal texts are equal types. */
export function nameOf(type: CedarType): string {
  if (type.kind === "Entity") return `Entity ${type.name}`;
  if (type.kind === "Set") return `Set<${nameOf(type.element)}>`;
  if (type.kind !== "Record") return type.kind;
  const attributes = [...type.attributes].map(
    ([name, { type, required }]) => `${JSON.stringify(name)}${required ? "" : "?"}: ${nameOf(type)}`,
  );
  return `{${attributes.join(", ")}}`;
}
