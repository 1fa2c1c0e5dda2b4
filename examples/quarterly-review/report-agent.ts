/** Writes the report, and would like the world to read it. */
import { runAgent } from "./agent-process.ts";

runAgent();
