/** Those who want to know how something stands, each told once of every change. */
export class Watchers<Standing> {
  readonly #watching = new Set<{ told: (standing: Standing) => void; seen: number }>();
  readonly #stands: () => Standing;
  #version = 0;

  constructor(stands: () => Standing) {
    this.#stands = stands;
  }

  /** @param known when it is known how it stands, for the first time */
  add(told: (standing: Standing) => void, known: Promise<void>): () => void {
    const watcher = { told, seen: -1 };
    this.#watching.add(watcher);
    void known.then(() => this.#tell(watcher));
    return () => void this.#watching.delete(watcher);
  }

  changed(): void {
    this.#version += 1;
  }

  tell(): void {
    for (const watcher of this.#watching) if (watcher.seen >= 0) this.#tell(watcher);
  }

  #tell(watcher: { told: (standing: Standing) => void; seen: number }): void {
    if (!this.#watching.has(watcher) || watcher.seen === this.#version) return;
    watcher.seen = this.#version;
    watcher.told(this.#stands());
  }
}
