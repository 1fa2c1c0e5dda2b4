import type { EntityUid } from "./policy-json.ts";
import { sameUid, type Uid } from "./uid.ts";

/** Up to here looking at each entry is faster, and much smaller, than an index. */
const fewEnoughToScan = 4;

/** A map from references to things that carry their own reference. */
export class UidMap<T extends { readonly uid: Uid }> {
  private readonly list: T[] = [];
  private index: Map<string, Map<string, T>> | undefined;

  /** Every entry, in the order in which they were added. */
  get entries(): readonly T[] {
    return this.list;
  }

  get size(): number {
    return this.list.length;
  }

  get(uid: EntityUid): T | undefined {
    if (this.index !== undefined) return this.index.get(uid.type)?.get(uid.id);
    for (const entry of this.list) if (sameUid(entry.uid, uid)) return entry;
    return undefined;
  }

  /** Adds an entry whose reference is not there yet. */
  add(entry: T): void {
    this.list.push(entry);
    if (this.index !== undefined) file(this.index, entry);
    else if (this.list.length > fewEnoughToScan) this.index = indexed(this.list);
  }
}

function indexed<T extends { readonly uid: Uid }>(entries: readonly T[]): Map<string, Map<string, T>> {
  const index = new Map<string, Map<string, T>>();
  for (const entry of entries) file(index, entry);
  return index;
}

function file<T extends { readonly uid: Uid }>(index: Map<string, Map<string, T>>, entry: T): void {
  const ids = index.get(entry.uid.type);
  if (ids === undefined) index.set(entry.uid.type, new Map([[entry.uid.id, entry]]));
  else ids.set(entry.uid.id, entry);
}
