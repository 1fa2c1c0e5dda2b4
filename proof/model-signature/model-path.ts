/** The longest path, and the longest name within one, that Linux can open: in bytes. */
const MOST_PATH_BYTES = 4096;
const MOST_NAME_BYTES = 255;

/**
 * Whether this is the one way to write where a file lies within a model: relative, with `/`, without `.`, `..`
 * or anything empty.
 * @see OpenSSF Model Signing v1.0 §6.1.2
 */
export const isModelPath = (attackerPath: string): boolean =>
  attackerPath.isWellFormed() &&
  Buffer.byteLength(attackerPath) < MOST_PATH_BYTES &&
  attackerPath.split("/").every(isName);

const isName = (name: string): boolean =>
  name !== "" &&
  name !== "." &&
  name !== ".." &&
  !name.includes("\0") &&
  Buffer.byteLength(name) <= MOST_NAME_BYTES;

/** Whether a path is one of those that are left out, or lies below one. Whole names, from the model's root. */
export const isIgnored = (path: string, ignored: readonly string[]): boolean =>
  ignored.some((each) => path === each || path.startsWith(`${each}/`));
