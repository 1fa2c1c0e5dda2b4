/** The value itself, and everything in it, so that nobody can change it any more. */
export function deepFrozen<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null) deepFrozen(inner);
  }
  return Object.freeze(value);
}
