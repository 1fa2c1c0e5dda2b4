/**
 * One piece of work at a time, in the order of asking, each waited for so long and no longer. Whoever has waited too
 * long has given up: what had not begun then is not begun, and what was under way is undone when it is through.
 */
export class Turns {
  readonly #patience: number;
  #last: Promise<unknown> = Promise.resolve();

  /** @param patience milliseconds */
  constructor(patience: number) {
    this.#patience = patience;
  }

  /**
   * @param undo takes back what nobody waited for
   * @throws whatever the work does; Error when it took too long
   */
  async take<T>(work: () => Promise<T>, undo: (made: T) => void = () => undefined): Promise<T> {
    let givenUp = false;
    const mine = this.#last.then(() => {
      if (givenUp) throw new Error("nobody waits for it any more");
      return work();
    });
    this.#last = mine.catch(() => undefined);
    try {
      return await inTime(mine, this.#patience);
    } catch (error) {
      givenUp = true;
      mine.then(undo, () => undefined);
      throw error;
    }
  }

  /** When all that was asked for so far is through. */
  async idle(): Promise<void> {
    await this.#last;
  }
}

function inTime<T>(work: Promise<T>, patience: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("it took too long")), patience);
    work.then(resolve, reject).finally(() => clearTimeout(late));
  });
}
