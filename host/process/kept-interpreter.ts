import { HostRefusal } from "../peer/refusal.ts";
import { find, type Inside, insideOf, type Step } from "./inside.ts";
import { isReplaceable, mayWrite, type Owner } from "./may-write.ts";
import type { Program } from "./program.ts";

/**
 * Requires that an interpreter is what its name says and that the process's own user could not have put it there:
 * else it need not run the script that its arguments name.
 * @throws HostRefusal `interpreter_unproven`, `interpreter_writable`
 */
export async function requireKept(program: Program, owner: Owner, inside: Inside): Promise<void> {
  const steps = (await stepsIn(inside, program)) ?? (await stepsHere(program));
  const last = steps?.at(-1);
  if (steps === undefined || last === undefined || !program.isNamedRightly) throw unproven(program);
  if (!mayWrite(last, owner) && !steps.some((step) => isReplaceable(step, owner))) return;
  throw new HostRefusal(
    "interpreter_writable",
    `Its interpreter, ${program.path}, may be written to or replaced by the very user that it runs under.`,
    "Run the agent by an interpreter that belongs to root, or to who deploys it.",
  );
}

/** For a process that has changed its root since: where this host sees its program. */
async function stepsHere(program: Program): Promise<readonly Step[] | undefined> {
  const here = await insideOf(process.pid);
  try {
    return await stepsIn(here, program);
  } finally {
    await here.root.close();
  }
}

async function stepsIn(inside: Inside, { path, file }: Program): Promise<readonly Step[] | undefined> {
  try {
    const { steps } = await find(inside, path);
    const found = steps.at(-1)?.stats;
    return found?.dev === file.dev && found.ino === file.ino ? steps : undefined;
  } catch (error) {
    if (error instanceof HostRefusal) return undefined;
    throw error;
  }
}

const unproven = ({ path, interpreter }: Program): HostRefusal =>
  new HostRefusal(
    "interpreter_unproven",
    `That ${path} is ${interpreter}, as its name says, cannot be shown.`,
    "Run the agent by an interpreter as its distribution builds it.",
  );
