import { CountersignError, Refused } from "./errors.ts";

/** What is still to be told to the control plane. */
export interface RecordQueue {
  /** How many records wait, the one on its way included. */
  waiting(): number;
  /** @param of what it is a record of: records of one thing keep their order */
  add(of: object, send: () => Promise<unknown>): void;
  /** Waits until all that was added so far has been answered, or given up. */
  settled(): Promise<void>;
  /** What the control plane has answered and recorded nowhere, since this was asked last. */
  unrecorded(): CountersignError | undefined;
}

interface Waiting {
  readonly of: object;
  readonly send: () => Promise<unknown>;
  readonly sent: PromiseWithResolvers<void>;
  tries: number;
}

const shortestPause = 100;
const longestPause = 2_000;
/** After so many tries a record waits behind the others: one that is never answered must not keep them back. */
const triesInTurn = 5;

/** @param closing once aborted, what cannot be sent at once is given up */
export function queueRecords(closing: AbortSignal): RecordQueue {
  let queue: Waiting[] = [];
  let running = false;
  let lost = 0;
  let firstLost: unknown;

  return {
    waiting: () => queue.length,
    add(of, send) {
      queue.push({ of, send, sent: Promise.withResolvers(), tries: 0 });
      if (!running) void run();
    },
    async settled() {
      await Promise.all(queue.map(({ sent }) => sent.promise));
    },
    unrecorded() {
      if (lost === 0) return undefined;
      const message = `the control plane has not taken ${lost} records of calls`;
      const error = new CountersignError(message, { cause: firstLost });
      [lost, firstLost] = [0, undefined];
      return error;
    },
  };

  async function run(): Promise<void> {
    running = true;
    let pause = shortestPause;
    for (let [first] = queue; first !== undefined; [first] = queue) {
      if (await isDone(first)) {
        queue.splice(queue.indexOf(first), 1);
        first.sent.resolve();
        pause = shortestPause;
        continue;
      }
      if (++first.tries % triesInTurn === 0) putBehind(first.of);
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, longestPause);
    }
    running = false;
  }

  async function isDone({ send }: Waiting): Promise<boolean> {
    try {
      await send();
      return true;
    } catch (cause) {
      if (!isAnswer(cause)) return closing.aborted;
      if (!isOnRecord(cause)) {
        lost++;
        firstLost ??= cause;
      }
      return true;
    }
  }

  function putBehind(of: object): void {
    queue = [...queue.filter((each) => each.of !== of), ...queue.filter((each) => each.of === of)];
  }
}

/** Whether the control plane has made up its mind: asking again would change nothing. */
export const isAnswer = (cause: unknown): cause is Refused =>
  cause instanceof Refused && cause.status < 500 && cause.status !== 401 && cause.status !== 429;

/** A record that the control plane refuses is one that it has made, where it says so: of the refusal. */
const isOnRecord = ({ members }: Refused): boolean => typeof members.event === "string";
