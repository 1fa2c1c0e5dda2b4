import { ReadError } from "./error.ts";
import type { EntityUid } from "./policy-json.ts";
import { type Uid, UidSet } from "./uid.ts";

/** An entity that names the entities directly above it. */
interface Child {
  readonly uid: Uid;
  readonly parents: readonly Uid[];
}

interface Children {
  readonly size: number;
  get(uid: EntityUid): Child | undefined;
}

/** How many levels a hierarchy may have; finding what is above needs stack for each. */
const mostLevels = 256;

/** Up to here looking for sets to share takes longer than it saves. */
const fewEnoughNotToShare = 8;

/** Everything above the entities of one hierarchy. */
export class Hierarchy {
  private readonly children: Children;
  private known: Map<Child, UidSet> | undefined;
  /** Entities with the same parents share one set, which keeps many members of a few groups small. */
  private readonly shared: Map<string, UidSet> | undefined;
  private levels = 0;

  constructor(children: Children) {
    this.children = children;
    this.shared = children.size > fewEnoughNotToShare ? new Map() : undefined;
  }

  /**
   * Every entity above this one.
   *
   * @throws ReadError when an entity is above itself, or there are more than 256 levels
   */
  above(child: Child): UidSet {
    if (child.parents.length === 0) return UidSet.empty;
    if (this.isFlat(child)) return this.share(child.parents, child.parents);
    return this.known?.get(child) ?? this.find(child);
  }

  private isFlat(child: Child): boolean {
    for (const parent of child.parents) {
      const entity = this.children.get(parent);
      if (entity !== undefined && entity.parents.length > 0) return false;
    }
    return true;
  }

  private find(child: Child): UidSet {
    if (this.levels >= mostLevels)
      throw new ReadError(String(child.uid), "The hierarchy has a cycle or too many levels.");
    this.levels += 1;
    const all = child.parents.flatMap((parent) => {
      const entity = this.children.get(parent);
      return entity === undefined ? [parent] : [parent, ...this.above(entity).uids];
    });
    this.levels -= 1;
    const set = this.share(child.parents, all);
    this.known ??= new Map();
    this.known.set(child, set);
    return set;
  }

  private share(parents: readonly Uid[], all: readonly Uid[]): UidSet {
    if (this.shared === undefined) return UidSet.of(all);
    const key = parents.map((parent) => `${parent.type}::${parent.id.length}:${parent.id}`).join();
    const set = this.shared.get(key) ?? UidSet.of(all);
    this.shared.set(key, set);
    return set;
  }
}
