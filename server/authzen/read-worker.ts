/**
 * The thread that reads and checks definitions: Cedar's own parser and validator take longer than
 * anybody's decision may wait, and so does hashing and writing down a large one. Knows nothing but what it is sent.
 */
import { parentPort } from "node:worker_threads";
import { type ApplicationDefinition, identify } from "./application.ts";
import { readApplication } from "./read-application.ts";
import { applicationContent } from "./stored-application.ts";

/** A definition that was found right: what it is known by, what was read of it, and how it rests. */
export interface FoundRight extends Extract<ReturnType<typeof readApplication>, { read: unknown }> {
  readonly identity: ReturnType<typeof identify>;
  /** To be sealed. */
  readonly content: Uint8Array<ArrayBuffer>;
}

/** What the thread answers: what was read, what is wrong with it, or that it failed. */
export type ReadAnswer =
  | FoundRight
  | Extract<ReturnType<typeof readApplication>, { problems: unknown }>
  | { readonly failed: string };

parentPort?.on("message", (definition: ApplicationDefinition) => {
  const found = answer(definition);
  parentPort?.postMessage(found, "content" in found ? [found.content.buffer] : []);
});

function answer(definition: ApplicationDefinition): ReadAnswer {
  try {
    const found = readApplication(definition);
    if ("problems" in found) return found;
    const content = new TextEncoder().encode(applicationContent(definition, found.read));
    return { ...found, identity: identify(definition), content };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}
