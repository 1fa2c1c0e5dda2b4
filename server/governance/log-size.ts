import { parseCheckpoint, parseNote } from "@countersign/proof/checkpoint";
import { logFiles } from "../audit/index.ts";
import type { DatabaseDeps } from "../database/index.ts";
import { Fault } from "../lib/index.ts";

/** How many events the newest checkpoint covers; nothing before there is one. */
export async function logSize(deps: DatabaseDeps): Promise<{ size?: number }> {
  try {
    const note = await logFiles(deps).checkpoint();
    return { size: parseCheckpoint(parseNote(note).text).size };
  } catch (error) {
    if (error instanceof Fault && error.code === "not-found") return {};
    throw error;
  }
}
