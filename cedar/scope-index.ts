import type { EntityStore } from "./entity.ts";
import type { Policy } from "./policy.ts";
import type { Constraint } from "./scope.ts";
import { Uid } from "./uid.ts";
import { UidMap } from "./uid-map.ts";

/** Something filed under an entity. */
interface Filed<T> {
  readonly uid: Uid;
  readonly branch: T;
}

/** One place of the scope (action, principal or resource): what applies to which entities. */
class Level<T> {
  private readonly open: () => T;
  private all: T | undefined;
  private equal: UidMap<Filed<T>> | undefined;
  private within: UidMap<Filed<T>> | undefined;
  private types: Map<string, Level<T>> | undefined;

  constructor(open: () => T) {
    this.open = open;
  }

  /** The branches for what a constraint admits, opened where they do not exist. */
  branchesFor(constraint: Constraint): T[] {
    switch (constraint.op) {
      case "All":
        this.all ??= this.open();
        return [this.all];
      case "==":
        this.equal ??= new UidMap();
        return [this.file(this.equal, constraint.uid)];
      case "in":
        this.within ??= new UidMap();
        return this.fileAll(this.within, constraint.uids);
      case "is":
        return this.typed(constraint.type).branchesFor(
          constraint.in === undefined ? { op: "All" } : { op: "in", uids: [constraint.in] },
        );
    }
  }

  /** Adds the branches that apply to the entity. It is looked up only if some branch asks for its ancestors. */
  collect(uid: Uid, entities: EntityStore, found: T[]): void {
    if (this.all !== undefined) found.push(this.all);
    if (this.types !== undefined) this.types.get(uid.type)?.collect(uid, entities, found);
    if (this.equal !== undefined) add(this.equal.get(uid), found);
    if (this.within !== undefined) collectWithin(this.within, uid, entities, found);
  }

  /** Adds every branch that may apply to some entity, of the given type if one is given. */
  collectAny(type: string | undefined, found: T[]): void {
    if (this.all !== undefined) found.push(this.all);
    for (const filed of this.equal?.entries ?? []) {
      if (type === undefined || filed.uid.type === type) found.push(filed.branch);
    }
    for (const filed of this.within?.entries ?? []) found.push(filed.branch);
    for (const [name, level] of this.types ?? []) {
      if (type === undefined || name === type) level.collectAny(type, found);
    }
  }

  private typed(type: string): Level<T> {
    this.types ??= new Map();
    const level = this.types.get(type) ?? new Level(this.open);
    this.types.set(type, level);
    return level;
  }

  private fileAll(map: UidMap<Filed<T>>, uids: readonly Uid[]): T[] {
    return [...new Set(uids.map((uid) => this.file(map, uid)))];
  }

  private file(map: UidMap<Filed<T>>, uid: Uid): T {
    const filed = map.get(uid) ?? { uid, branch: this.open() };
    if (map.get(uid) === undefined) map.add(filed);
    return filed.branch;
  }
}

function add<T>(filed: Filed<T> | undefined, found: T[]): void {
  if (filed !== undefined) found.push(filed.branch);
}

/** Whichever is fewer is gone through: what is filed, or what is above the entity. */
function collectWithin<T>(map: UidMap<Filed<T>>, uid: Uid, entities: EntityStore, found: T[]): void {
  add(map.get(uid), found);
  const ancestors = entities.get(uid)?.ancestors;
  if (ancestors === undefined || ancestors.size === 0) return;
  if (ancestors.size <= map.size) for (const ancestor of ancestors.uids) add(map.get(ancestor), found);
  else for (const filed of map.entries) if (ancestors.has(filed.uid)) found.push(filed.branch);
}

/** The policies of one scope. */
type Leaf = Policy[];
type ByResource = Level<Leaf>;
type ByPrincipal = Level<ByResource>;

/** An entity of the request, or what is known of one that is unknown: its type at most. */
export type Asked = Uid | { readonly unknown: string | undefined };

/**
 * Finds the policies whose scope admits a request without touching the others. Actions first: there are few,
 * and most policies name one.
 */
export class ScopeIndex {
  private readonly root: Level<ByPrincipal>;
  /** Whether some policy is filed under several actions, and could be found several times. */
  private repeated = false;

  constructor() {
    const openLeaf = (): Leaf => [];
    const openByResource = (): ByResource => new Level(openLeaf);
    this.root = new Level<ByPrincipal>(() => new Level(openByResource));
  }

  add(policy: Policy): void {
    const { principal, action, resource } = policy.scope;
    const actions = this.root.branchesFor(action);
    this.repeated ||= actions.length > 1;
    for (const byPrincipal of actions) {
      for (const byResource of byPrincipal.branchesFor(principal)) {
        for (const leaf of byResource.branchesFor(resource)) leaf.push(policy);
      }
    }
  }

  /** The policies whose scope admits the request, each once, in no particular order. */
  find(principal: Asked, action: Asked, resource: Asked, entities: EntityStore): Policy[] {
    const byPrincipal: ByPrincipal[] = [];
    collect(this.root, action, entities, byPrincipal);
    const byResource: ByResource[] = [];
    for (const level of byPrincipal) collect(level, principal, entities, byResource);
    const leaves: Leaf[] = [];
    for (const level of byResource) collect(level, resource, entities, leaves);
    return this.once(leaves, byPrincipal.length);
  }

  private once(leaves: readonly Leaf[], actions: number): Policy[] {
    const found: Policy[] = [];
    for (const leaf of leaves) for (const policy of leaf) found.push(policy);
    return this.repeated && actions > 1 ? [...new Set(found)] : found;
  }
}

function collect<T>(level: Level<T>, asked: Asked, entities: EntityStore, found: T[]): void {
  if (asked instanceof Uid) level.collect(asked, entities, found);
  else level.collectAny(asked.unknown, found);
}
