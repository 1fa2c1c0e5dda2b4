/** Plans the review and hands each part of it to the agent that does it, with no more than that part needs. */
import { runAgent } from "./agent-process.ts";

runAgent();
