/** Time as the rooms see it: always handed in, so that a test can hold it still. */
export interface Clock {
  /** Milliseconds since the Unix epoch, a safe integer. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** Whole seconds since the Unix epoch, as tokens count them (RFC 7519 §2, NumericDate). */
export const inSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

export const seconds = (n: number): number => n * 1000;
export const minutes = (n: number): number => seconds(n * 60);
export const hours = (n: number): number => minutes(n * 60);
export const days = (n: number): number => hours(n * 24);
