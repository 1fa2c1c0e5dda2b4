/** Hashes what it is told to, in a thread of its own, so that whoever asked stays awake. */
import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { markFinder } from "./marks.ts";

/** A part of an open file. Descriptors belong to the process, so the thread reads what the asker has opened. */
export interface HashOrder {
  readonly fd: number;
  readonly algorithm: "sha256" | "blake2b512";
  /** In bytes; the end is not included. */
  readonly start: number;
  readonly end: number;
  /** Texts to look for besides. */
  readonly marks?: readonly string[] | undefined;
  /** Two numbers that both threads see: bytes read so far, in units of `PROGRESS_UNIT`, and whether to stop. */
  readonly shared: SharedArrayBuffer;
}

export interface Hashed {
  readonly digest: string;
  readonly read: number;
  /** Which of the texts are in it. */
  readonly found: readonly string[];
}

export type HashAnswer = Hashed | { readonly failed: string };

/** Small enough to stay in the processor's cache between reading and hashing: that is what makes it fast. */
const PIECE = 256 * 1024;
export const PROGRESS_UNIT = 4096;

const buffer = Buffer.allocUnsafeSlow(PIECE);

parentPort?.on("message", (order: HashOrder) => parentPort?.postMessage(answer(order)));

function answer(order: HashOrder): HashAnswer {
  try {
    return hashed(order);
  } catch (error) {
    return { failed: (error as Error).message };
  }
}

function hashed({ fd, algorithm, start, end, marks = [], shared }: HashOrder): HashAnswer {
  const hash = createHash(algorithm);
  const finder = markFinder(marks);
  const told = new Int32Array(shared);
  let at = start;
  while (at < end) {
    if (Atomics.load(told, 1) !== 0) throw new Error("stopped");
    const read = readSync(fd, buffer, 0, Math.min(PIECE, end - at), at);
    if (read === 0) break;
    const piece = read === PIECE ? buffer : buffer.subarray(0, read);
    hash.update(piece);
    finder.look(piece);
    at += read;
    Atomics.store(told, 0, Math.floor((at - start) / PROGRESS_UNIT));
  }
  return { digest: hash.digest("hex"), read: at - start, found: [...finder.found] };
}
