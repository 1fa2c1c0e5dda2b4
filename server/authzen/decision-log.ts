import type { Sealer } from "../audit/index.ts";
import { Change, type DatabaseDeps } from "../database/index.ts";
import { Fault, seconds } from "../lib/index.ts";
import { batchesAround, insertDecisions } from "./store.ts";

/** Who asked which application: the same for thousands of answers, so that a batch names it once. */
export interface AskedBy {
  readonly by: string;
  /** The running copy that asked. */
  readonly instance: string | undefined;
  readonly application: string;
  readonly version: string;
}

/** What one request was answered, in the words that were sent. */
export interface Answered {
  /** The same object each time where it can be. */
  readonly source: AskedBy;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The first and the last in order of the ids of the decisions in the answer. */
  readonly first: string;
  readonly last: string;
  /** The body of the request: JSON that was read without doubt. */
  readonly request: string;
  /** The body of the answer: JSON that names its decisions. */
  readonly answer: string;
}

/** Records wait so long for others to be written with them, in milliseconds. */
const GATHERING_MS = 50;
const MOST_RECORDS = 4_000;
/** In bytes: a batch is one row. */
const FULL_BATCH = 512 * 1024;
/** In bytes of memory. Where it is full answers wait for room; the memory of a server is not a place to keep them. */
const MOST_UNWRITTEN = 16 * 1024 * 1024;
/** More than this many waiting for room, and who comes next is refused at once. */
const MOST_WAITING = 1_000;
const MOST_ROOMS = 4;
const RETRY_MS = seconds(1);
const PATIENCE_MS = seconds(2);

/** UTF-8 has at most so many bytes for one unit of a string. */
const MOST_BYTES_PER_UNIT = 3;

/**
 * Written as one row, whole or not at all. What is recorded becomes bytes at once: thousands of strings that are
 * kept until a batch is full would cost the collector more than writing them down.
 */
class Batch {
  readonly #bytes: Buffer;
  readonly #sources: AskedBy[] = [];
  readonly #places = new Map<AskedBy, number>();
  #end = 0;
  count = 0;
  first = "";
  last = "";
  /** What those wait for whose answers must be safe: it is written, or it takes too long. */
  #awaited: Promise<void> | undefined;
  /** It was tried to be written, and may have been: nothing is added to it any more. */
  tried = false;
  #written = settledLater();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  hasRoomFor(units: number): boolean {
    return (
      !this.tried &&
      this.count < MOST_RECORDS &&
      this.#end + units * MOST_BYTES_PER_UNIT <= this.#bytes.length
    );
  }

  add({ source, at, first, last, request, answer }: Answered): void {
    if (this.first === "" || first < this.first) this.first = first;
    if (last > this.last) this.last = last;
    const line = `${this.count === 0 ? "[" : ",\n["}${this.#place(source)},${at},${request},${answer}]`;
    this.#end += this.#bytes.write(line, this.#end);
    this.count += 1;
  }

  /** Settled when it is written, or could not be. */
  get written(): Promise<void> {
    return this.#written.promise;
  }

  /** Whether somebody's answer waits for it. */
  get isAwaited(): boolean {
    return this.#awaited !== undefined;
  }

  /** One clock for all who wait for the batch. @param patience in milliseconds */
  inTime(patience: number): Promise<void> {
    this.#awaited ??= inTime(this.written, patience);
    return this.#awaited;
  }

  isWritten(): void {
    this.#written.resolve();
  }

  /** Who waits for it is not answered; it stays to be written. */
  isNotWritten(cause: unknown): void {
    this.#written.reject(notRecorded(cause));
    this.#written = settledLater();
    this.#awaited = undefined;
  }

  /** Where it is written down; for another batch when this one is safe. */
  get room(): Buffer {
    return this.#bytes;
  }

  get size(): number {
    return this.#end;
  }

  /** JSON. */
  bytes(): Buffer {
    const sources = Buffer.from(`{"sources":${JSON.stringify(this.#sources)},"answers":[`);
    return Buffer.concat([sources, this.#bytes.subarray(0, this.#end), Buffer.from("]}")]);
  }

  #place(source: AskedBy): number {
    const known = this.#places.get(source);
    if (known !== undefined) return known;
    const place = this.#sources.push(source) - 1;
    this.#places.set(source, place);
    return place;
  }
}

/** How much room a record takes: its texts, and what stands between them. */
const unitsOf = ({ request, answer }: Answered): number => request.length + answer.length + 50;

/** Nobody need be waiting for it. */
function settledLater(): PromiseWithResolvers<void> {
  const later = Promise.withResolvers<void>();
  later.promise.catch(() => {});
  return later;
}

/**
 * The record of what services were answered: gathered, and many written at once. What is said to be batched can
 * be lost with the process, the last 50 ms of it; what must be durable is waited for.
 */
export class DecisionLog {
  readonly #deps: DatabaseDeps & { readonly sealer: Sealer };
  readonly #patience: number;
  /** In the order in which they are written; the last one may be open. */
  readonly #batches: Batch[] = [];
  /** Of batches that are written. */
  readonly #rooms: Buffer[] = [];
  /** In bytes: the rooms of all batches. */
  #unwritten = 0;
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;
  #soon = false;
  #writing: Promise<void> | undefined;
  #closed = false;

  /** @param patience how long an answer waits for its record before it is refused, in milliseconds */
  constructor(deps: DatabaseDeps & { readonly sealer: Sealer }, patience = PATIENCE_MS) {
    this.#deps = deps;
    this.#patience = patience;
  }

  /**
   * Records an answer; it may leave at once unless there is something to wait for.
   * @param durably wait until it is safe
   * @throws Fault `unavailable`, later, where it cannot be recorded: then there is no answer
   */
  record(answered: Answered, durably: boolean): Promise<void> | undefined {
    const batch = this.#open(unitsOf(answered));
    return batch === undefined
      ? this.#whenThereIsRoom(answered, durably)
      : this.#add(batch, answered, durably);
  }

  #add(batch: Batch, answered: Answered, durably: boolean): Promise<void> | undefined {
    batch.add(answered);
    if (durably) {
      this.#writeSoon();
      return batch.inTime(this.#patience);
    }
    if (this.#batches.length > 1) this.#writeSoon();
    else this.#timer ??= setTimeout(() => this.#write(), GATHERING_MS);
    return undefined;
  }

  /** Nothing is kept for who waits here but the answer itself. @throws Fault `unavailable` */
  async #whenThereIsRoom(answered: Answered, durably: boolean): Promise<void> {
    if (this.#waiting >= MOST_WAITING) throw notRecorded(new Error(FULL));
    const until = performance.now() + this.#patience;
    this.#waiting += 1;
    try {
      for (;;) {
        this.#writeSoon();
        await inTime(this.#batches[0]?.written, until - performance.now());
        const batch = this.#open(unitsOf(answered));
        if (batch !== undefined) return await this.#add(batch, answered, durably);
      }
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Writes what is left, if it can be written at all; the operator's log says so where it cannot. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#write();
    if (this.#batches.length > 0) await this.#write();
    clearTimeout(this.#timer);
  }

  /** @returns nothing where there is no room */
  #open(units: number): Batch | undefined {
    const last = this.#batches.at(-1);
    if (last?.hasRoomFor(units)) return last;
    const size = Math.max(units * MOST_BYTES_PER_UNIT, FULL_BATCH);
    if (this.#unwritten > 0 && this.#unwritten + size > MOST_UNWRITTEN) return undefined;
    const kept = size === FULL_BATCH ? this.#rooms.pop() : undefined;
    const batch = new Batch(kept ?? Buffer.allocUnsafe(size));
    this.#unwritten += size;
    this.#batches.push(batch);
    return batch;
  }

  /** With everything that arrived in this turn of the event loop. */
  #writeSoon(): void {
    if (this.#soon || this.#writing !== undefined) return;
    this.#soon = true;
    setImmediate(() => {
      this.#soon = false;
      void this.#write();
    });
  }

  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  /** Batch after batch, as long as there is a full one or one that somebody waits for. */
  async #writeAll(): Promise<void> {
    do {
      const [batch] = this.#batches;
      if (batch === undefined) return;
      batch.tried = true;
      try {
        await this.#commit(batch);
      } catch (cause) {
        return this.#keepAll(cause);
      }
      this.#batches.shift();
      this.#unwritten -= batch.room.length;
      if (batch.room.length === FULL_BATCH && this.#rooms.length < MOST_ROOMS) this.#rooms.push(batch.room);
      batch.isWritten();
    } while (this.#batches.length > 1 || this.#batches[0]?.isAwaited === true);
    if (this.#batches.length > 0) this.#timer ??= setTimeout(() => this.#write(), GATHERING_MS);
  }

  /** To be written later, if the store comes back; who waits for any of it is not answered. */
  #keepAll(cause: unknown): void {
    const answers = this.#batches.reduce((sum, { count }) => sum + count, 0);
    this.#deps.log.error({ error: String(cause), answers }, "answers cannot be recorded");
    for (const batch of this.#batches) batch.isNotWritten(cause);
    if (!this.#closed) this.#timer ??= setTimeout(() => this.#write(), RETRY_MS);
  }

  async #commit(batch: Batch): Promise<void> {
    const { database, sealer, clock } = this.#deps;
    const { first, last, count } = batch;
    const change = new Change(database);
    const sealed = sealer.seal(batch.bytes(), placeOf(first, last));
    insertDecisions(change, { first, last, at: clock.now(), count, sealed });
    await database.commit(change);
  }
}

/** An answer as it is read again. */
export interface RecordedAnswer extends AskedBy {
  readonly at: number;
  readonly request: unknown;
  readonly answer: unknown;
}

/** The answer that a decision was part of, by the decision's id, as long as it is kept. */
export async function recordedAnswer(
  deps: DatabaseDeps & { readonly sealer: Sealer },
  id: string,
): Promise<RecordedAnswer | undefined> {
  for (const { first, last, sealed } of await batchesAround(deps.database, id)) {
    const bytes = Buffer.from(deps.sealer.open(sealed, placeOf(first, last)));
    const { sources, answers } = JSON.parse(bytes.toString("utf8")) as {
      sources: readonly AskedBy[];
      answers: readonly (readonly [number, number, unknown, unknown])[];
    };
    const found = answers.find(([, , , answer]) => JSON.stringify(answer).includes(`"decision_id":"${id}"`));
    const source = found && sources[found[0]];
    if (found !== undefined && source !== undefined)
      return { ...source, at: found[1], request: found[2], answer: found[3] };
  }
  return undefined;
}

const placeOf = (first: string, last: string): Uint8Array => Buffer.from(`decisions ${first} ${last}`);

const FULL = "the record is full";

/** @throws Fault `unavailable` where that takes longer, in milliseconds */
function inTime(written: Promise<void> | undefined, patience: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => late.reject(notRecorded(new Error(FULL))), patience);
  const first = Promise.race([written, late.promise]).finally(() => clearTimeout(timer));
  first.catch(() => {}); // nobody need be waiting for it
  return first;
}

const notRecorded = (cause: unknown): Fault =>
  new Fault("unavailable", "The decision could not be recorded, so it was not made.", {
    remedy: "Try again; if it stays, the operator should look at the disk and the log.",
    cause,
  });
