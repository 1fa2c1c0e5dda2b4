import { join } from "node:path";
import { replaceFile } from "./durable-file.ts";
import { readPrivateFile } from "./private-files.ts";

const NAME = "last-checkpoint";

/**
 * Remembers the checkpoint signed last, outside the database: whoever rolls the database back cannot roll
 * this back with it. Durable when it returns, and never half-written; write it before the checkpoint is shown.
 * @param note the signed note
 * @throws Fault `unavailable` when the folder cannot be written
 */
export const rememberCheckpoint = (folder: string, note: string): Promise<void> =>
  replaceFile(folder, NAME, note);

/**
 * The checkpoint signed last; undefined when none was ever signed here.
 * @throws Fault `unavailable` when others could have changed it
 */
export const lastCheckpoint = (folder: string): string | undefined => readPrivateFile(join(folder, NAME));
