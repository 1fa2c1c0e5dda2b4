/** What a grant may hold at most, so that judging it stays cheap whoever wrote it. */
export const limits = {
  grants: 64,
  listLength: 64,
  arguments: 64,
  /** Values in `in`, `not_in` and `subset`. */
  values: 256,
  /** UTF-16 code units of a name, path, location or value's canonical text. */
  text: 4096,
  /** Nesting of a value that is compared. */
  depth: 16,
} as const;
