/** Reads what it costs. It would rather correct it, too. Later somebody takes it over. */
import { runAgent } from "./agent-process.ts";
import { mischief } from "./mischief.ts";

runAgent(mischief);
