import type { NoteSigner } from "@countersign/proof/checkpoint";
import type { DatabaseDeps, Leadership } from "../database/index.ts";
import { sequence } from "./sequence.ts";

/** The last signed checkpoint, kept outside the database, so that a database set back is noticed. */
export interface CheckpointMemory {
  /** The note, or undefined where this installation has signed none. */
  recall(): string | undefined;
  remember(note: string): Promise<void>;
}

/** Who signs checkpoints. After a rotation the former keys go on signing beside the new one. */
export interface CheckpointSigner {
  /** The log's origin. */
  readonly name: string;
  /** The key in use first, then those it followed; never none. */
  keys(): readonly NoteSigner[];
}

export interface SequencerDeps extends DatabaseDeps {
  /** Handed in by main from the key room, which stands above this one. */
  readonly checkpointSigner: CheckpointSigner;
  readonly lastCheckpoint: CheckpointMemory;
}

/** Checkpoints come at least this far apart under load, and at most a second after a commit. */
const PAUSE_MS = 100;
const POLL_MS = 800;

export interface Sequencer {
  /** Places everything that was committed before the call, then ends. */
  stop(): Promise<void>;
}

/** Keeps the tree up with the commits of all processes. One of them does the work, the others stand by. */
export function startSequencer(deps: SequencerDeps): Sequencer {
  const alarm = new Alarm();
  const unlisten = deps.database.listen("events", () => alarm.ring());
  const running = run(deps, alarm);
  return {
    async stop() {
      unlisten();
      alarm.close();
      await running;
    },
  };
}

async function run(deps: SequencerDeps, alarm: Alarm): Promise<void> {
  let leadership: Leadership | undefined;
  while (true) {
    const lastRound = alarm.closed;
    leadership = leadership?.held ? leadership : await deps.database.lead("sequencer");
    if (leadership?.held) await placeAll(deps);
    if (lastRound) return leadership?.release();
    await alarm.wait();
  }
}

async function placeAll(deps: SequencerDeps): Promise<void> {
  try {
    while ((await sequence(deps)) > 0);
  } catch (error) {
    deps.log.error({ error: (error as Error).message }, "the log cannot be sequenced now; will try again");
  }
}

/** Wakes when something was committed, at least every `POLL_MS`, at most every `PAUSE_MS`. */
class Alarm {
  closed = false;
  #rung = false;
  #wake: () => void = () => {};

  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  close(): void {
    this.closed = true;
    this.#wake();
  }

  async wait(): Promise<void> {
    if (!this.closed) await this.#sleep(PAUSE_MS, () => this.closed);
    if (!this.closed) await this.#sleep(POLL_MS, () => this.#rung || this.closed);
    this.#rung = false;
  }

  #sleep(milliseconds: number, cut: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        if (!cut()) return;
        clearTimeout(timer);
        resolve();
      };
      this.#wake();
    });
  }
}
