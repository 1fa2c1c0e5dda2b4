/** Runs something when its turn has come. */
export type Turns = <T>(uid: number, run: () => Promise<T>) => Promise<T>;

/**
 * So many at once and no more than half of them for one user: a user whose processes come in thousands waits for
 * itself, and the others do not wait for it.
 */
export function takingTurns(most: number): Turns {
  const mostOfOne = Math.max(1, Math.floor(most / 2));
  const waiting = new Map<number, (() => void)[]>();
  const running = new Map<number, number>();
  let all = 0;

  const count = (uid: number, by: 1 | -1): void => {
    all += by;
    const left = (running.get(uid) ?? 0) + by;
    if (left === 0) running.delete(uid);
    else running.set(uid, left);
  };
  const mayRun = (uid: number): boolean => all < most && (running.get(uid) ?? 0) < mostOfOne;

  /** Users take turns in the order in which they began to wait: whoever was served goes to the end. */
  function next(): void {
    const turn = [...waiting].find(([uid]) => mayRun(uid));
    if (turn === undefined) return;
    const [uid, queue] = turn;
    const start = queue.shift();
    waiting.delete(uid);
    if (queue.length > 0) waiting.set(uid, queue);
    count(uid, 1);
    start?.();
    next();
  }

  const turn = (uid: number): Promise<void> =>
    new Promise((start) => {
      const queue = waiting.get(uid) ?? [];
      queue.push(start);
      waiting.set(uid, queue);
      next();
    });

  return async (uid, run) => {
    await turn(uid);
    try {
      return await run();
    } finally {
      count(uid, -1);
      next();
    }
  };
}
