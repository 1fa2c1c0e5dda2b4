/** Counts what the company runs in the cloud. Later somebody takes it over. */
import { runAgent } from "./agent-process.ts";
import { mischief } from "./mischief.ts";

runAgent(mischief);
