import { type FileHandle, open, readFile } from "node:fs/promises";
import { sinceBoot } from "../peer/kernel.ts";
import type { Peer } from "../peer/peer.ts";
import { HostRefusal } from "../peer/refusal.ts";
import { liesAsStarted, parseStrings } from "../proc/arguments.ts";
import { parseMaps } from "../proc/maps.ts";
import { notShown, readOf, statOf } from "../proc/read.ts";
import type { Stat } from "../proc/stat.ts";
import { digestOf } from "./digest.ts";
import { type Inside, openInside, type Step } from "./inside.ts";
import { scriptIn } from "./interpreter-arguments.ts";
import { isReplaceable, mayWrite, type Owner } from "./may-write.ts";
import { LARGEST_FILE } from "./measured-file.ts";

/** The script that an interpreter runs, as far as that can be shown. */
export interface Script {
  /** As it was named. */
  readonly path: string;
  /** With no link in it. */
  readonly real: string;
  readonly sha256: string;
}

/**
 * Which script a process runs. Arguments are the process's own word, and the kernel keeps no other record of
 * them; so they are held against everything that the kernel does know: where it laid them, that the file was
 * there, unchanged, before the process started, and that nothing on the way to it was put there since by the
 * process's own user.
 * @throws HostRefusal
 */
export async function scriptOf(
  peer: Peer,
  owner: Owner,
  inside: Inside,
  interpreter: string,
): Promise<Script> {
  const path = scriptIn(interpreter, await argumentsOf(peer));
  const { file, real, steps } = await openInside(inside, path).catch(asScript);
  try {
    requireOlder(steps, startedAt(statOf(peer.pid)), owner);
    const { sha256 } = await digestOf(file, LARGEST_FILE);
    return { path, real, sha256 };
  } finally {
    await file.close();
  }
}

/**
 * The arguments that a process was started with.
 * @throws HostRefusal `arguments_rewritten`
 */
async function argumentsOf(peer: Peer): Promise<string[]> {
  const bytes = await readFile(`/proc/${peer.pid}/cmdline`).catch((error) => {
    throw notShown(peer.pid, error);
  });
  const stat = statOf(peer.pid);
  const words = parseStrings(bytes);
  if (words === undefined || BigInt(bytes.length) !== BigInt(stat.argEnd) - BigInt(stat.argStart))
    throw rewritten();
  const stack = await stackOf(peer, stat, words.length);
  const lies = stack === undefined ? words.at(-1) !== "" : liesAsStarted(stack, words, BigInt(stat.argStart));
  if (!lies) throw rewritten();
  return words;
}

/** How many arguments are looked at. */
const MOST_WORDS = 10_000;

/**
 * The beginning of its stack, where the kernel wrote how many arguments there are and where. Undefined where this
 * host runs as the very user of the process and may not look: there nothing separates the two anyhow.
 */
async function stackOf(peer: Peer, stat: Stat, words: number): Promise<Buffer | undefined> {
  const at = Number(stat.startStack);
  const maps = parseMaps(readOf(peer.pid, "maps"));
  const there = maps?.find(({ start, end }) => start <= at && at < end);
  if (there === undefined || there.isFile || words > MOST_WORDS) throw rewritten();
  const stack = Buffer.alloc(8 * (words + 1));
  let memory: FileHandle | undefined;
  try {
    memory = await open(`/proc/${peer.pid}/mem`);
    await memory.read(stack, 0, stack.length, at);
    return stack;
  } catch (error) {
    if (peer.uid === process.geteuid?.() && peer.uid !== 0) return undefined;
    throw notShown(peer.pid, error);
  } finally {
    await memory?.close();
  }
}

/** `/proc/<pid>/stat` counts in hundredths of a second, rounded down. */
const TICK = 10;

/** The latest moment at which it can have started, by the clock that files are stamped with, in milliseconds. */
function startedAt(stat: Stat): number {
  const boot = Date.now() - sinceBoot();
  return boot + (Number(stat.startTicks) + 1) * TICK;
}

function requireOlder(steps: readonly Step[], started: number, owner: Owner): void {
  const isYounger = ({ stats }: Step): boolean => !(Number(stats.ctimeNs / 1000n) / 1000 <= started);
  const last = steps.at(-1);
  if (last === undefined || isYounger(last))
    throw new HostRefusal(
      "script_changed",
      "Its script was written, moved or given away after the process had started: what is there is not what runs.",
      "Start it again.",
    );
  if (mayWrite(last, owner))
    throw new HostRefusal(
      "script_writable",
      "Its script may be written to by the very user that it runs under, in ways that leave no trace.",
      "Give the script to another user (root, or who deploys it), and let the agent only read it.",
    );
  if (steps.some((step) => isReplaceable(step, owner) && isYounger(step)))
    throw new HostRefusal(
      "script_replaceable",
      "A folder or link on the way to its script belongs to its own user and changed after the process had started.",
      "Give the folders of the script to another user, or keep what the agent writes elsewhere.",
    );
}

/** Where there is no such file, or none that can be read, no script is shown. */
function asScript(error: unknown): never {
  if (!(error instanceof HostRefusal)) throw error;
  throw new HostRefusal("script_not_a_file", `Its script cannot be measured: ${error.message}`, error.remedy);
}

const rewritten = (): HostRefusal =>
  new HostRefusal(
    "arguments_rewritten",
    "Its arguments are no longer those that it was started with.",
    "Let it not set its own title (process.title, $0, setproctitle).",
  );
