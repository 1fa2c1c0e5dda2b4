/**
 * The thread that reads and checks definitions: Cedar's own parser and validator take longer than
 * anybody's decision may wait. Knows nothing but what it is sent.
 */
import { parentPort } from "node:worker_threads";
import type { ApplicationDefinition } from "./application.ts";
import { readApplication } from "./read-application.ts";

/** What the thread answers: what was read, what is wrong with it, or that it failed. */
export type ReadAnswer = ReturnType<typeof readApplication> | { readonly failed: string };

parentPort?.on("message", (definition: ApplicationDefinition) => {
  parentPort?.postMessage(answer(definition));
});

function answer(definition: ApplicationDefinition): ReadAnswer {
  try {
    return readApplication(definition);
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}
