import { type CedarType, entityType, nameOf, type RecordType } from "./type.ts";
import type { Universe } from "./universe.ts";

/** One way to get a value of a type: an attribute of an entity or record, or a tag. */
export interface Accessor {
  readonly from: CedarType;
  /** Undefined for a tag: its name is chosen where it is read. */
  readonly attribute: string | undefined;
}

/** Every way to read a value out of a universe, by the name of its type. */
export type Accessors = ReadonlyMap<string, readonly Accessor[]>;

export function accessorsOf(universe: Universe): Accessors {
  const found = new Map<string, Accessor[]>();
  const note = (type: CedarType, accessor: Accessor): void => {
    const name = nameOf(type);
    found.set(name, [...(found.get(name) ?? []), accessor]);
  };
  const explore = (from: CedarType, { attributes }: RecordType): void => {
    for (const [attribute, { type }] of attributes) {
      note(type, { from, attribute });
      if (type.kind === "Record") explore(type, type);
    }
  };
  for (const { context } of universe.actions) explore(context, context);
  for (const [name, { attributes, tags }] of universe.entities) {
    explore(entityType(name), attributes);
    if (tags !== undefined) note(tags, { from: entityType(name), attribute: undefined });
  }
  return found;
}
