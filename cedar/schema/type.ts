/** A type of the schema with every name in it resolved. */
export type Type =
  | { readonly kind: "boolean" | "long" | "string" }
  | { readonly kind: "set"; readonly element: Type }
  | RecordType
  | { readonly kind: "entity"; readonly name: string }
  | { readonly kind: "extension"; readonly name: ExtensionTypeName };

export interface RecordType {
  readonly kind: "record";
  readonly attributes: ReadonlyMap<string, { readonly type: Type; readonly required: boolean }>;
}

export type ExtensionTypeName = "decimal" | "ipaddr" | "datetime" | "duration";

/** The function that reads the text form of each extension type. */
export const constructorOf: Readonly<Record<ExtensionTypeName, string>> = {
  decimal: "decimal",
  ipaddr: "ip",
  datetime: "datetime",
  duration: "duration",
};

/** A record without members. */
export const emptyRecordType: RecordType = { kind: "record", attributes: new Map() };

/** What the language itself defines, by the name under which a schema may use it. */
export const builtIn: ReadonlyMap<string, Type> = new Map<string, Type>([
  ["Boolean", { kind: "boolean" }],
  ["Bool", { kind: "boolean" }],
  ["Long", { kind: "long" }],
  ["String", { kind: "string" }],
  ["decimal", { kind: "extension", name: "decimal" }],
  ["ipaddr", { kind: "extension", name: "ipaddr" }],
  ["datetime", { kind: "extension", name: "datetime" }],
  ["duration", { kind: "extension", name: "duration" }],
]);
