/**
 * Cedar's JSON schema format, as cedar-wasm's `schemaToJson` emits it.
 *
 * @see https://docs.cedarpolicy.com/schema/json-schema.html
 */
export type SchemaJson = Readonly<Record<string, NamespaceJson>>;

export interface NamespaceJson {
  readonly commonTypes?: Readonly<Record<string, TypeJson>>;
  readonly entityTypes: Readonly<Record<string, EntityTypeJson>>;
  readonly actions: Readonly<Record<string, ActionJson>>;
  readonly annotations?: unknown;
}

export interface EntityTypeJson {
  readonly memberOfTypes?: readonly string[];
  readonly shape?: TypeJson;
  readonly tags?: TypeJson;
  readonly enum?: readonly string[];
  readonly annotations?: unknown;
}

export interface ActionJson {
  readonly memberOf?: readonly { readonly id: string; readonly type?: string }[];
  readonly appliesTo?: {
    readonly principalTypes: readonly string[];
    readonly resourceTypes: readonly string[];
    readonly context?: TypeJson;
  };
  readonly attributes?: unknown;
  readonly annotations?: unknown;
}

/** A type: `Set`, `Record`, `Entity`, `Extension`, `EntityOrCommon`, a primitive, or a common type's name. */
export interface TypeJson {
  readonly type: string;
  readonly element?: TypeJson;
  readonly attributes?: Readonly<Record<string, TypeJson & { readonly required?: boolean }>>;
  readonly additionalAttributes?: boolean;
  readonly name?: string;
  readonly required?: boolean;
  readonly annotations?: unknown;
}
