/** Callbacks by channel, within one process. */
export class Listeners {
  readonly #byChannel = new Map<string, Set<() => void>>();

  add(channel: string, callback: () => void): () => void {
    const callbacks = this.#byChannel.get(channel) ?? new Set();
    this.#byChannel.set(channel, callbacks.add(callback));
    return () => callbacks.delete(callback);
  }

  tell(channel: string): void {
    for (const callback of this.#byChannel.get(channel) ?? []) callback();
  }

  tellAll(): void {
    for (const channel of this.#byChannel.keys()) this.tell(channel);
  }
}
