import { createInterface } from "node:readline";

/** What one process of the story can be told to do. Inputs and results are JSON. */
export type Verbs = Readonly<Record<string, (input: never) => Promise<unknown>>>;

/** How a process of the story reports that something was refused. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly remedy?: string;
  readonly [member: string]: unknown;
}

/**
 * Lets this process be told what to do, line by line over its standard input, and answer over its standard
 * output. It ends when its standard input closes, whatever it is doing.
 */
export function act(verbs: Verbs): void {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => void answer(verbs, JSON.parse(line)));
  lines.on("close", () => process.exit(0));
}

async function answer(
  verbs: Verbs,
  { id, verb, input }: { id: number; verb: string; input: never },
): Promise<void> {
  const said = await perform(verbs, verb, input);
  process.stdout.write(`${JSON.stringify({ id, ...said })}\n`);
}

async function perform(
  verbs: Verbs,
  verb: string,
  input: never,
): Promise<{ result: unknown } | { failure: Failure }> {
  try {
    const known = verbs[verb];
    if (known === undefined) throw new RangeError(`no such verb: ${verb}`);
    return { result: (await known(input)) ?? null };
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    return { failure: { ...error, name: error.name, message: error.message } };
  }
}
