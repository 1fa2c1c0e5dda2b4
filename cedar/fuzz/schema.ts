import type { EntityUid, ValueJson } from "../policy-json.ts";
import type { Choice } from "./choice.ts";
import { type CedarType, isExtension, type RecordType } from "./type.ts";
import type { ActionShape, EntityShape, Universe } from "./universe.ts";

type JsonObject = { readonly [member: string]: ValueJson };

/** The universe as Cedar's JSON schema. The same types are spelled in all the ways that Cedar allows. */
export function schemaOf(choice: Choice, universe: Universe): ValueJson {
  return { "": new Fragment(choice, "").of(universe), App: new Fragment(choice, "App").of(universe) };
}

/** What one namespace declares. */
class Fragment {
  readonly #choice: Choice;
  readonly #namespace: string;
  readonly #commonTypes = new Map<string, ValueJson>();

  constructor(choice: Choice, namespace: string) {
    this.#choice = choice;
    this.#namespace = namespace;
  }

  of({ entities, groups, actions }: Universe): ValueJson {
    const here = (type: string): boolean => namespaceOf(type) === this.#namespace;
    const entityTypes = [...entities].filter(([type]) => here(type));
    const declared = [...groups, ...actions].filter(({ uid }) => here(uid.type));
    const fragment = {
      entityTypes: Object.fromEntries(
        entityTypes.map(([type, shape]) => [baseName(type), this.#entity(shape)]),
      ),
      actions: Object.fromEntries(declared.map((action) => [action.uid.id, this.#action(action)])),
    };
    return { ...fragment, commonTypes: Object.fromEntries(this.#commonTypes) };
  }

  #entity({ enumerated, ids, parents, attributes, tags }: EntityShape): ValueJson {
    if (enumerated) return { enum: ids };
    const shape = { memberOfTypes: parents.map((type) => this.#name(type)), shape: this.#type(attributes) };
    return tags === undefined ? shape : { ...shape, tags: this.#type(tags) };
  }

  #action({ uid, parents, principals, resources, context }: ActionShape): ValueJson {
    const memberOf = parents.map((group) => this.#group(uid, group));
    if (principals.length === 0) return { memberOf };
    const [principalTypes, resourceTypes] = [principals, resources].map((types) =>
      types.map((type) => this.#name(type)),
    );
    if (principalTypes === undefined || resourceTypes === undefined) return { memberOf };
    return { memberOf, appliesTo: { principalTypes, resourceTypes, context: this.#type(context) } };
  }

  /** A group of the same type need not be named by it. */
  #group(action: EntityUid, { type, id }: EntityUid): ValueJson {
    return type === action.type && this.#choice.chance(50) ? { id } : { type, id };
  }

  /** Names are looked for in the same namespace first. */
  #name(type: string): string {
    return namespaceOf(type) === this.#namespace && this.#choice.chance(50) ? baseName(type) : type;
  }

  #type(type: CedarType): JsonObject {
    const spelled = this.#spelled(type);
    if (!this.#choice.chance(10)) return spelled;
    const name = `Common${this.#namespace}${this.#commonTypes.size}`;
    this.#commonTypes.set(name, spelled);
    const full = this.#namespace === "" || this.#choice.chance(50) ? name : `${this.#namespace}::${name}`;
    return this.#choice.chance(50) ? { type: full } : { type: "EntityOrCommon", name: full };
  }

  #spelled(type: CedarType): JsonObject {
    if (type.kind === "Set") return { type: "Set", element: this.#type(type.element) };
    if (type.kind === "Record") return { type: "Record", attributes: this.#attributes(type) };
    const loose = this.#choice.chance(30);
    const builtIn = loose && this.#choice.chance(30) ? "__cedar::" : "";
    if (type.kind === "Entity") {
      return { type: loose ? "EntityOrCommon" : "Entity", name: this.#name(type.name) };
    }
    if (loose) return { type: "EntityOrCommon", name: `${builtIn}${type.kind}` };
    if (isExtension(type)) return { type: "Extension", name: type.kind };
    return { type: type.kind === "Bool" ? "Boolean" : type.kind };
  }

  #attributes({ attributes }: RecordType): ValueJson {
    return Object.fromEntries(
      [...attributes].map(([name, { type, required }]) => {
        const stated = required && this.#choice.chance(50) ? {} : { required };
        return [name, { ...this.#type(type), ...stated }];
      }),
    );
  }
}

const namespaceOf = (type: string): string => type.split("::").slice(0, -1).join("::");
const baseName = (type: string): string => type.split("::").at(-1) ?? type;
