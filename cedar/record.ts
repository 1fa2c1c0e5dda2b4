import type { Value } from "./value.ts";

/**
 * A record: its members are the object's own, and it inherits nothing, so that names such as `__proto__` and
 * `constructor` are data like any other. No member is ever undefined. Make one with `emptyRecord`.
 */
export interface CedarRecord {
  [name: string]: Value;
}

/**
 * Instances of one constructor share hidden classes like any other object's, which keeps a hundred thousand
 * entities small; `Object.create(null)` would make each of them a hash table.
 */
const RecordShape = function RecordShape() {} as unknown as { new (): CedarRecord; prototype: object };
RecordShape.prototype = Object.freeze(Object.create(null));

/** A new record without members. Only whoever made it may fill it, before anybody else sees it. */
export function emptyRecord(): CedarRecord {
  return new RecordShape();
}

/** Whether a value is a record. */
export function isRecord(value: unknown): value is CedarRecord {
  return value instanceof RecordShape;
}
