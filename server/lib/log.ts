/** The operator's log. Fields, not format strings; never a secret (pino redacts by path as a second net). */
export interface Log {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

const nothing = (): void => {};

/** For tests, and for programs that print for people instead. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
