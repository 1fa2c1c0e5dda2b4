/**
 * Judges the engine beside it by answers that the oracle gave earlier: `node replay.ts ANSWERS`. It does not
 * start the oracle, so that an engine with a mistake in it is found out within a second.
 */
import { readFileSync } from "node:fs";
import { deserialize } from "node:v8";
import type { AnsweredWorld } from "./answered-world.ts";
import { difference, type ReadTexts } from "./difference.ts";

const [file = ""] = process.argv.slice(2);
const answered = deserialize(readFileSync(file)) as AnsweredWorld[];
const readTexts = await textReader();
for (const each of answered) {
  const found = difference(each, readTexts);
  if (found === undefined) continue;
  process.stderr.write(`${found}\n`);
  process.exit(1);
}

/** Reading text starts cedar-wasm: only where there is text. */
async function textReader(): Promise<ReadTexts> {
  if (!answered.some(({ world }) => world.form === "text")) return ({ world }) => world.source;
  return (await import("./read-texts.ts")).readTexts;
}
