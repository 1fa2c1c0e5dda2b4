/** What this package takes from the process it lives in. Tests hand in their own. */
export interface Runtime {
  readonly fetch: typeof globalThis.fetch;
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some moment; never goes back when the clock is set. */
  elapsed(): number;
}

/** Node's own fetch and clock. */
export const nodeRuntime: Runtime = {
  fetch: (input, init) => globalThis.fetch(input, init),
  now: () => Date.now(),
  elapsed: () => performance.now(),
};
