import { addExit, exitsIn, openExits } from "./kernel.ts";

/** How often it is asked, in milliseconds: an exit is told within twice that. */
const EVERY = 250;

/**
 * Tells of exits. One set of descriptors for the whole program, asked by one timer while anything is watched:
 * `epoll_wait` costs some microseconds however many are in it, where a timer or a poll for each would cost
 * 10,000 times that, and where Node's own loop takes no descriptors of processes. There is one kernel, hence
 * one such set per program and not one per caller.
 */
const watched = new Map<number, () => void>();
let exits = -1;
let timer: NodeJS.Timeout | undefined;
let lastTag = 0;

/**
 * Calls back once after the process behind this descriptor has exited; at once, on the next turn, where it
 * cannot be watched.
 * @returns how to stop
 */
export function watchExit(pidfd: number, gone: () => void): () => void {
  const tag = nextTag();
  if (exits < 0) exits = openExits();
  watched.set(tag, gone);
  if (!addExit(exits, pidfd, tag)) setImmediate(() => tell(tag));
  timer ??= setInterval(look, EVERY).unref();
  return () => forget(tag);
}

function nextTag(): number {
  do lastTag = (lastTag + 1) >>> 0;
  while (watched.has(lastTag));
  return lastTag;
}

function look(): void {
  for (let tags = exitsIn(exits); tags.length > 0; tags = exitsIn(exits)) tags.forEach(tell);
}

function tell(tag: number): void {
  const gone = watched.get(tag);
  forget(tag);
  gone?.();
}

function forget(tag: number): void {
  watched.delete(tag);
  if (watched.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}
