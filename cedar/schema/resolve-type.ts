import { ReadError } from "../error.ts";
import type { SchemaJson, TypeJson } from "./schema-json.ts";
import { builtIn, type RecordType, type Type } from "./type.ts";

/** How deeply types may refer to types; a definition that refers to itself never ends. */
const deepest = 100;
const languageNamespace = "__cedar::";

/** Resolves the names in the types of one schema. */
export class TypeResolver {
  private readonly schema: SchemaJson;
  private readonly resolved = new Map<string, Type>();

  constructor(schema: SchemaJson) {
    this.schema = schema;
  }

  /** @throws ReadError when a name is not defined or a definition contains itself */
  resolve(json: TypeJson, namespace: string, depth = 0): Type {
    if (depth > deepest) throw new ReadError(namespace, "A type of the schema contains itself.");
    switch (json.type) {
      case "Set":
        return { kind: "set", element: this.resolve(required(json.element), namespace, depth + 1) };
      case "Record":
        return this.resolveRecord(json, namespace, depth);
      case "Entity":
        return this.entityType(required(json.name), namespace);
      case "Extension":
        return this.builtInType(required(json.name));
      case "EntityOrCommon":
        return this.named(required(json.name), namespace, depth);
      default:
        return this.common(json.type, namespace, depth) ?? this.builtInType(json.type);
    }
  }

  /** The full name of an entity type that stands in a namespace. */
  entityName(name: string, namespace: string): string {
    for (const full of candidates(name, namespace)) if (this.isEntityType(full)) return full;
    throw new ReadError(namespace, `The schema names the entity type ${name} but does not define it.`);
  }

  private entityType(name: string, namespace: string): Type {
    return { kind: "entity", name: this.entityName(name, namespace) };
  }

  private named(name: string, namespace: string, depth: number): Type {
    for (const full of candidates(name, namespace)) {
      const common = this.commonAt(full, depth);
      if (common !== undefined) return common;
      if (this.isEntityType(full)) return { kind: "entity", name: full };
    }
    return this.builtInType(name);
  }

  private common(name: string, namespace: string, depth: number): Type | undefined {
    for (const full of candidates(name, namespace)) {
      const common = this.commonAt(full, depth);
      if (common !== undefined) return common;
    }
    return undefined;
  }

  private commonAt(full: string, depth: number): Type | undefined {
    const known = this.resolved.get(full);
    if (known !== undefined) return known;
    const [namespace, name] = splitName(full);
    const json = own(own(this.schema, namespace)?.commonTypes, name);
    if (json === undefined) return undefined;
    const type = this.resolve(json, namespace, depth + 1);
    this.resolved.set(full, type);
    return type;
  }

  private resolveRecord(json: TypeJson, namespace: string, depth: number): RecordType {
    if (json.additionalAttributes === true) {
      throw new ReadError(namespace, "Records with additional attributes are not supported.");
    }
    const attributes = Object.entries(json.attributes ?? {}).map(([name, attribute]) => {
      const type = this.resolve(attribute, namespace, depth + 1);
      return [name, { type, required: attribute.required !== false }] as const;
    });
    return { kind: "record", attributes: new Map(attributes) };
  }

  private builtInType(name: string): Type {
    const plain = name.startsWith(languageNamespace) ? name.slice(languageNamespace.length) : name;
    const type = builtIn.get(plain);
    if (type !== undefined) return type;
    throw new ReadError("", `The schema names the type ${name} but does not define it.`);
  }

  private isEntityType(full: string): boolean {
    const [namespace, name] = splitName(full);
    return own(own(this.schema, namespace)?.entityTypes, name) !== undefined;
  }
}

/** A name without a namespace means the one of its own namespace before the one of none. */
function candidates(name: string, namespace: string): readonly string[] {
  return namespace === "" || name.includes("::") ? [name] : [`${namespace}::${name}`, name];
}

function splitName(full: string): [namespace: string, name: string] {
  const end = full.lastIndexOf("::");
  return end < 0 ? ["", full] : [full.slice(0, end), full.slice(end + 2)];
}

/** An own member; a schema's names may be those of Object.prototype. */
function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

function required<T>(part: T | undefined): T {
  if (part === undefined) throw new ReadError("", "A type of the schema is incomplete.");
  return part;
}
